#include "actors/timers.h"

#include <troupe/error.h>

#include "actors/actor.h"
#include "actors/inbox.h"
#include "actors/system.h"

void trp_timers_init(trp_timers *t, const troupe_allocator *al) {
  pthread_mutex_init(&t->lock, NULL);
  trp_heap_init(&t->heap, al);
  t->entries = 0;
  atomic_init(&t->next_ns, UINT64_MAX);
}

void trp_timers_fini(trp_timers *t) {
  trp_heap_fini(&t->heap);
  pthread_mutex_destroy(&t->lock);
}

int trp_timers_admit(trp_timers *t) {
  pthread_mutex_lock(&t->lock);
  int err = trp_heap_reserve(&t->heap, t->entries + 1);
  if (err == TROUPE_OK) t->entries++;
  pthread_mutex_unlock(&t->lock);
  return err;
}

/* Under the lock, after the heap has changed; true when the earliest deadline is now earlier. */
static bool publish_next(trp_timers *t) {
  const trp_heap_node *first = trp_heap_min(&t->heap);
  uint64_t next = first ? first->key : UINT64_MAX;
  uint64_t before = atomic_load_explicit(&t->next_ns, memory_order_relaxed);
  /* release: pairs with the acquire in trp_timers_next */
  atomic_store_explicit(&t->next_ns, next, memory_order_release);
  return next < before;
}

void trp_timers_dismiss(troupe_system *sys, troupe_actor *a) {
  trp_timers *t = &sys->timers;
  pthread_mutex_lock(&t->lock);
  trp_heap_remove(&t->heap, &a->timer);
  publish_next(t);
  t->entries--;
  pthread_mutex_unlock(&t->lock);
}

void trp_timers_arm(troupe_system *sys, troupe_actor *a, uint64_t at_ns) {
  trp_timers *t = &sys->timers;
  /* Only the owner arms; expire() takes a node out, which leaves its key. So equal keys of a node
   * that is still inside mean there is nothing to do, and reading `timer_ns` needs no lock. */
  if (a->timer_ns == at_ns) return;
  a->timer_ns = at_ns;
  pthread_mutex_lock(&t->lock);
  if (at_ns == 0) {
    trp_heap_remove(&t->heap, &a->timer);
  } else if (trp_heap_node_inside(&a->timer)) {
    trp_heap_update(&t->heap, &a->timer, at_ns);
  } else {
    a->timer.key = at_ns;
    (void)trp_heap_insert(&t->heap, &a->timer); /* room was reserved by trp_timers_admit */
  }
  bool earlier = publish_next(t);
  pthread_mutex_unlock(&t->lock);
  if (earlier) trp_sched_timer_moved(sys, at_ns);
}

void trp_timers_expire(troupe_system *sys) {
  trp_timers *t = &sys->timers;
  uint64_t next = trp_timers_next(t);
  if (next == UINT64_MAX) return;
  uint64_t now = trp_clock_ns(&sys->clock);
  if (next > now) return;
  pthread_mutex_lock(&t->lock);
  for (trp_heap_node *n; (n = trp_heap_min(&t->heap)) && n->key <= now;) {
    trp_heap_pop(&t->heap);
    troupe_actor *a = TRP_CONTAINER(n, troupe_actor, timer);
    /* Under the lock, so that trp_timers_dismiss knows of every tick. acq_rel: pairs with the store
     * in the owner's handling of the tick; the one tick is never pushed twice. */
    if (atomic_exchange_explicit(&a->tick_out, 1, memory_order_acq_rel) == 0 &&
        !trp_inbox_push(sys, a->slot, &a->tick)) {
      atomic_store_explicit(&a->tick_out, 0, memory_order_relaxed);
    }
  }
  publish_next(t);
  pthread_mutex_unlock(&t->lock);
}
