#include "actors/inbox.h"

#include "actors/base/assert.h"
#include "actors/line.h"
#include "actors/sched.h"
#include "actors/system.h"

bool trp_inbox_push(troupe_system *sys, trp_slot *slot, trp_msg *m) {
  TRP_ASSERT(((uintptr_t)m & TRP_INBOX_TAG) == 0);
  uintptr_t old = atomic_load_explicit(&slot->inbox, memory_order_relaxed);
  uintptr_t tag;
  bool wakes;
  do {
    tag = old & TRP_INBOX_TAG;
    if (tag == TRP_INBOX_CLOSED) return false;
    wakes = tag == TRP_INBOX_PARKED || (tag == TRP_INBOX_WAITING && m->lane <= TRP_LANE_RESUME);
    m->next = trp_inbox_newest(old);
    /* acq_rel: release publishes the message to trp_inbox_take; acquire pairs with trp_inbox_park,
     * so that the waker sees the body as its last owner left it */
  } while (!atomic_compare_exchange_weak_explicit(&slot->inbox, &old,
                                                  (uintptr_t)m | (wakes ? TRP_INBOX_RUNNING : tag),
                                                  memory_order_acq_rel, memory_order_relaxed));
  if (wakes) trp_sched_push(sys, slot->body);
  return true;
}

void trp_inbox_wake(troupe_system *sys, trp_slot *slot) {
  uintptr_t idle = TRP_INBOX_PARKED;
  /* acq_rel: as in trp_inbox_push. Where the tag is another one the owner looks at its line, under
   * the lock, before it parks. */
  if (atomic_compare_exchange_strong_explicit(&slot->inbox, &idle, TRP_INBOX_RUNNING,
                                              memory_order_acq_rel, memory_order_relaxed))
    trp_sched_push(sys, slot->body);
}

/* From newest first to oldest first, each into its lane. */
static void sort(troupe_actor *a, trp_msg *newest) {
  trp_msg *oldest = NULL;
  while (newest) {
    trp_msg *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest) {
    trp_msg *next = oldest->next;
    trp_line_sort(a, oldest);
    oldest = next;
  }
}

void trp_inbox_take(troupe_actor *a) {
  _Atomic uintptr_t *inbox = &a->slot->inbox;
  if (atomic_load_explicit(inbox, memory_order_relaxed) == TRP_INBOX_RUNNING) return;
  /* acquire: pairs with the release in trp_inbox_push */
  uintptr_t all = atomic_exchange_explicit(inbox, TRP_INBOX_RUNNING, memory_order_acquire);
  TRP_ASSERT((all & TRP_INBOX_TAG) == TRP_INBOX_RUNNING);
  if (!a->line_shared) {
    sort(a, trp_inbox_newest(all));
    return;
  }
  /* a message for the line comes this way only if it was sent to an earlier holder of the slot */
  pthread_mutex_t *lock = trp_slots_lock_of(&a->sys->slots, a->pid);
  pthread_mutex_lock(lock);
  sort(a, trp_inbox_newest(all));
  pthread_mutex_unlock(lock);
}

bool trp_inbox_park(trp_slot *slot, uintptr_t tag) {
  uintptr_t empty = TRP_INBOX_RUNNING;
  /* release: pairs with the acquire in trp_inbox_push; hands the body over */
  return atomic_compare_exchange_strong_explicit(&slot->inbox, &empty, tag, memory_order_release,
                                                 memory_order_relaxed);
}

void trp_inbox_close(troupe_actor *a) {
  /* acquire: pairs with the release in trp_inbox_push */
  uintptr_t all = atomic_exchange_explicit(&a->slot->inbox, TRP_INBOX_CLOSED, memory_order_acq_rel);
  sort(a, trp_inbox_newest(all));
}
