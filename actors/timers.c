#include "actors/timers.h"

#include <troupe/error.h>

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "actors/inbox.h"
#include "actors/system.h"

int trp_timers_init(trp_timers *t, const troupe_allocator *al, unsigned workers) {
  unsigned n = workers < TRP_TIMERS_WHEELS ? workers + (workers == 0) : TRP_TIMERS_WHEELS;
  *t = (trp_timers){.al = al};
  t->wheels = trp_alloc(al, n * sizeof *t->wheels);
  if (!t->wheels) return TROUPE_E_NO_MEMORY;
  t->count = n;
  for (unsigned i = 0; i < n; i++) {
    pthread_mutex_init(&t->wheels[i].lock, NULL);
    trp_wheel_init(&t->wheels[i].wheel);
    atomic_init(&t->wheels[i].next_ns, UINT64_MAX);
  }
  return TROUPE_OK;
}

void trp_timers_fini(trp_timers *t) {
  for (unsigned i = 0; i < t->count; i++)
    pthread_mutex_destroy(&t->wheels[i].lock);
  trp_free(t->al, t->wheels, t->count * sizeof *t->wheels);
  *t = (trp_timers){0};
}

/* Under the lock, after the wheel has changed; true when there is an earlier time now. */
static bool publish_next(trp_timers_wheel *w) {
  uint64_t next = trp_wheel_next(&w->wheel);
  uint64_t before = atomic_load_explicit(&w->next_ns, memory_order_relaxed);
  /* release: pairs with the acquire in trp_timers_next */
  if (next != before) atomic_store_explicit(&w->next_ns, next, memory_order_release);
  return next < before;
}

/* Under the lock, which orders tick_out with the expiry. */
static bool on_its_way(troupe_actor *a) {
  return atomic_load_explicit(&a->tick_out, memory_order_relaxed) != 0;
}

void trp_timers_arm(troupe_system *sys, troupe_actor *a, uint64_t at_ns) {
  trp_timers *t = &sys->timers;
  if (at_ns == 0 || (a->timer_ns != 0 && a->timer_ns <= at_ns)) return;
  if (a->timer_ns == 0) a->timer_home = (uint16_t)((a->worker - sys->sched.workers) % t->count);
  trp_timers_wheel *w = &t->wheels[a->timer_home];
  bool earlier = false;
  pthread_mutex_lock(&w->lock);
  if (!on_its_way(a)) { /* otherwise the owner is about to look at the time anyway, and arms then */
    trp_wheel_update(&w->wheel, &a->timer, at_ns);
    a->timer_ns = at_ns;
    earlier = publish_next(w);
  }
  pthread_mutex_unlock(&w->lock);
  if (earlier) trp_sched_timer_moved(sys, at_ns);
}

void trp_timers_ticked(troupe_actor *a) {
  atomic_store_explicit(&a->tick_out, 0, memory_order_relaxed);
  a->timer_ns = 0;
}

void trp_timers_dismiss(troupe_system *sys, troupe_actor *a) {
  if (a->timer_ns == 0) return;
  trp_timers_wheel *w = &sys->timers.wheels[a->timer_home];
  pthread_mutex_lock(&w->lock);
  trp_wheel_remove(&w->wheel, &a->timer);
  publish_next(w);
  pthread_mutex_unlock(&w->lock);
}

/* Under the lock, so that trp_timers_dismiss knows of every tick; the inbox is open until then. */
static void send_tick(troupe_system *sys, troupe_actor *a) {
  atomic_store_explicit(&a->tick_out, 1, memory_order_relaxed);
  bool pushed = trp_inbox_push(sys, a->slot, &a->tick);
  TRP_ASSERT(pushed);
  (void)pushed;
}

/* However many are due, the lock is free again after a few of them. */
static void expire(troupe_system *sys, trp_timers_wheel *w, uint64_t now_ns) {
  for (unsigned moves = 0; moves == 0;) {
    moves = TRP_TIMERS_MOVES;
    pthread_mutex_lock(&w->lock);
    for (trp_wheel_node *n; (n = trp_wheel_pop(&w->wheel, now_ns, &moves));)
      send_tick(sys, TRP_CONTAINER(n, troupe_actor, timer));
    publish_next(w);
    pthread_mutex_unlock(&w->lock);
  }
}

void trp_timers_expire(troupe_system *sys) {
  trp_timers *t = &sys->timers;
  if (trp_timers_next(t) == UINT64_MAX) return; /* most often; the clock costs more */
  uint64_t now = trp_clock_ns(&sys->clock);
  for (unsigned i = 0; i < t->count; i++) {
    /* acquire: as in trp_timers_next */
    if (atomic_load_explicit(&t->wheels[i].next_ns, memory_order_acquire) <= now)
      expire(sys, &t->wheels[i], now);
  }
}
