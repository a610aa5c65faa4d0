#include "actors/inbox.h"

#include "actors/base/assert.h"
#include "actors/sched.h"

bool trp_inbox_push(troupe_system *sys, trp_slot *slot, trp_msg *m) {
  TRP_ASSERT(((uintptr_t)m & TRP_INBOX_TAG) == 0);
  uintptr_t old = atomic_load_explicit(&slot->inbox, memory_order_relaxed);
  uintptr_t tag;
  bool wakes;
  do {
    tag = old & TRP_INBOX_TAG;
    if (tag == TRP_INBOX_CLOSED) return false;
    wakes = tag == TRP_INBOX_PARKED || (tag == TRP_INBOX_WAITING && m->lane != TRP_LANE_LINE);
    m->next = trp_inbox_newest(old);
    /* acq_rel: release publishes the message to trp_inbox_take; acquire pairs with trp_inbox_park,
     * so that the waker sees the body as its last owner left it */
  } while (!atomic_compare_exchange_weak_explicit(&slot->inbox, &old,
                                                  (uintptr_t)m | (wakes ? TRP_INBOX_RUNNING : tag),
                                                  memory_order_acq_rel, memory_order_relaxed));
  if (wakes) trp_sched_push(sys, slot->body);
  return true;
}

/* From newest first to oldest first, each into its lane. */
static void sort(trp_msg *newest, trp_queue *lanes) {
  trp_msg *oldest = NULL;
  while (newest) {
    trp_msg *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest) {
    trp_msg *next = oldest->next;
    trp_queue_push(&lanes[oldest->lane], oldest);
    oldest = next;
  }
}

void trp_inbox_take(trp_slot *slot, trp_queue *lanes) {
  if (atomic_load_explicit(&slot->inbox, memory_order_relaxed) == TRP_INBOX_RUNNING) return;
  /* acquire: pairs with the release in trp_inbox_push */
  uintptr_t all = atomic_exchange_explicit(&slot->inbox, TRP_INBOX_RUNNING, memory_order_acquire);
  TRP_ASSERT((all & TRP_INBOX_TAG) == TRP_INBOX_RUNNING);
  sort(trp_inbox_newest(all), lanes);
}

bool trp_inbox_park(trp_slot *slot, uintptr_t tag) {
  uintptr_t empty = TRP_INBOX_RUNNING;
  /* release: pairs with the acquire in trp_inbox_push; hands the body over */
  return atomic_compare_exchange_strong_explicit(&slot->inbox, &empty, tag, memory_order_release,
                                                 memory_order_relaxed);
}

void trp_inbox_close(trp_slot *slot, trp_queue *lanes) {
  /* acquire: pairs with the release in trp_inbox_push */
  uintptr_t all = atomic_exchange_explicit(&slot->inbox, TRP_INBOX_CLOSED, memory_order_acq_rel);
  sort(trp_inbox_newest(all), lanes);
}
