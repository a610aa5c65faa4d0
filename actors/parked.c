#include "actors/parked.h"

#include "actors/ask.h"
#include "actors/base/mem.h"
#include "actors/inbox.h"
#include "actors/room.h"
#include "actors/system.h"
#include "actors/waiting.h"

/* ---- the ring; under the slot's lock ------------------------------------------------------- */

static void set_wait(trp_slot *slot) {
  /* acq_rel: ordered with the reservations, see trp_room_give */
  atomic_fetch_or_explicit(&slot->reserved, TRP_ROOM_WAIT, memory_order_acq_rel);
}
static void clear_wait(trp_slot *slot) {
  atomic_fetch_and_explicit(&slot->reserved, ~TRP_ROOM_WAIT, memory_order_acq_rel); /* likewise */
}

static void link_parked(trp_slot *slot, trp_parked *p) {
  trp_parked *last = slot->parked;
  p->prev = last ? last : p;
  p->next = last ? last->next : p;
  p->prev->next = p->next->prev = p;
  slot->parked = p;
  p->linked = true;
}

/* Takes one off the ring; the last one takes the wait bit with it. */
static void unlink_parked(trp_slot *slot, trp_parked *p) {
  bool alone = p->next == p;
  p->prev->next = p->next;
  p->next->prev = p->prev;
  if (slot->parked == p) slot->parked = alone ? NULL : p->prev;
  p->linked = false;
  if (!slot->parked) clear_wait(slot);
}

/* Tells the sender; from here on the park belongs to whoever gets the message. */
static void settle(troupe_system *sys, trp_parked *p, int code) {
  p->grant.code = code;
  trp_waiting_settle(sys, p->grant.to, p->grant.id);
  trp_send_signal(sys, &p->grant);
}

/* ---- the receiver's side ------------------------------------------------------------------- */

void trp_parked_admit(troupe_system *sys, trp_slot *slot, troupe_pid to) {
  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, to);
  pthread_mutex_lock(lock);
  while (slot->parked) {
    trp_parked *p = slot->parked->next;
    trp_msg *m = p->held;
    if (trp_room_take(slot, trp_msg_bytes(m), true) != TROUPE_OK) break;
    unlink_parked(slot, p);
    p->held = NULL;
    m->charged = 1;
    TRP_NOTE(sys, m, .type = TRP_EVENT_ACCEPTED, .who = m->to, .with = m->from, .id = m->id);
    bool pushed = trp_inbox_push(sys, slot, m);
    TRP_ASSERT(pushed); /* a closing mailbox refuses its parked under this lock first */
    (void)pushed;
    settle(sys, p, TROUPE_OK);
  }
  pthread_mutex_unlock(lock);
  trp_send_look(sys, slot, to);
}

void trp_parked_refuse(troupe_system *sys, trp_slot *slot, trp_queue *refused) {
  while (slot->parked) {
    trp_parked *p = slot->parked->next;
    unlink_parked(slot, p);
    trp_queue_push(refused, p->held);
    p->held = NULL;
    settle(sys, p, TROUPE_E_STOPPED);
  }
}

/* ---- the sender's side --------------------------------------------------------------------- */

/* Takes a park whose wait is over off the ring, if it still is there. True: it was. */
static bool withdraw(troupe_system *sys, trp_parked *p) {
  trp_slot *slot = trp_slots_find(&sys->slots, p->to);
  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, p->to);
  pthread_mutex_lock(lock);
  bool was = p->linked;
  if (was) unlink_parked(slot, p);
  bool others = slot->parked != NULL;
  pthread_mutex_unlock(lock);
  if (was && others)
    trp_parked_admit(sys, slot, p->to); /* it may have been too large for the room */
  return was;
}

static void free_parked(troupe_system *sys, trp_msg *grant) {
  trp_free(&sys->allocator, TRP_CONTAINER(grant, trp_parked, grant), sizeof(trp_parked));
}

/* How a tell or an ask that had parked went on; the park is off the ledger. */
static void ended(troupe_actor *a, trp_parked *p, int code) {
  uint64_t id = p->item.id, ask = p->ask;
  void *user = p->user;
  trp_waiting_end(a, id);
  TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_PARK_ENDED, .who = a->pid, .with = p->to, .id = id,
           .code = code);
  trp_msg_free(a->sys, &p->grant);
  if (ask) {
    if (code != TROUPE_OK) trp_ask_fail(a, ask, code);
    return;
  }
  troupe_event e = {.id = id, .user = user, .code = code};
  trp_actor_resume(a, &e);
}

static void parked_deliver(troupe_actor *a, trp_item *it, trp_msg *m) {
  trp_parked *p = TRP_CONTAINER(it, trp_parked, item);
  int code = m->code;
  trp_ledger_remove(&a->ledger, it);
  ended(a, p, code);
}

static void parked_expire(troupe_actor *a, trp_item *it) {
  trp_parked *p = TRP_CONTAINER(it, trp_parked, item);
  if (!withdraw(a->sys, p)) return; /* granted: the message is in our inbox */
  trp_ledger_remove(&a->ledger, it);
  trp_msg *held = p->held;
  if (p->ask) held->id = 0; /* its end is told below */
  trp_send_bury(a->sys, held, TROUPE_DEAD_MAILBOX_FULL, TROUPE_E_MAILBOX_FULL, NULL);
  ended(a, p, TROUPE_E_MAILBOX_FULL);
}

static void parked_settle(troupe_actor *a, trp_item *it) {
  trp_parked *p = TRP_CONTAINER(it, trp_parked, item);
  if (!withdraw(a->sys, p)) return; /* the grant is in our inbox and frees it */
  if (p->ask) p->held->id = 0;
  trp_send_bury(a->sys, p->held, TROUPE_DEAD_SENDER_GONE, TROUPE_E_STOPPED, NULL);
  trp_msg_free(a->sys, &p->grant);
}

static const trp_item_ops parked_ops = {.name = "park",
                                        .index = TRP_ITEM_PARK,
                                        .deliver = parked_deliver,
                                        .expire = parked_expire,
                                        .settle = parked_settle};

/* Hangs the park into the receiver's ring, unless there is room after all: then it is taken. */
static int hang(troupe_actor *a, trp_slot *slot, trp_parked *p, const trp_msg *m) {
  troupe_system *sys = a->sys;
  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, m->to);
  pthread_mutex_lock(lock);
  bool open = trp_slot_is(slot, m->to) &&
              atomic_load_explicit(&slot->inbox, memory_order_relaxed) != TRP_INBOX_CLOSED;
  int err = TROUPE_E_NOPROC;
  if (open) {
    /* The bit first, then one more try: whoever returns room after this sees the bit. */
    set_wait(slot);
    err = slot->parked ? TROUPE_E_MAILBOX_FULL : trp_room_take(slot, trp_msg_bytes(m), true);
    if (err == TROUPE_E_MAILBOX_FULL) {
      link_parked(slot, p);
      err = TROUPE_PENDING;
      TRP_NOTE(sys, m, .type = TRP_EVENT_PARKED, .who = m->to, .with = a->pid, .id = m->id);
    } else if (!slot->parked) {
      clear_wait(slot);
    }
  }
  pthread_mutex_unlock(lock);
  return err;
}

int trp_parked_add(troupe_actor *a, trp_slot *slot, trp_msg *m, const trp_send_wait *wait) {
  troupe_system *sys = a->sys;
  if (m->to.id == a->pid.id) return TROUPE_E_WOULD_DEADLOCK;
  trp_parked *p = trp_zalloc(&sys->allocator, sizeof *p);
  if (!p) return TROUPE_E_NO_MEMORY;
  uint64_t deadline = trp_clock_ns(&sys->clock) + wait->ms * TRP_NS_PER_MS;
  p->item.bytes = sizeof *p + (size_t)trp_msg_bytes(m);
  p->item.wakes = wait->ask == 0; /* of an ask, that one is */
  int err = trp_ledger_add(&a->ledger, &p->item, &parked_ops, deadline);
  if (err) {
    trp_free(&sys->allocator, p, sizeof *p);
    return err;
  }
  p->to = m->to;
  p->ask = wait->ask;
  p->user = wait->user;
  p->held = m;
  p->grant = (trp_msg){.to = a->pid,
                       .from = m->to,
                       .id = p->item.id,
                       .type = TRP_MSG_ITEM,
                       .lane = TRP_LANE_RESUME,
                       .dispose = free_parked};
  err = wait->ask ? TROUPE_OK : trp_waiting_begin(a, m->to, p->item.id);
  if (err == TROUPE_OK) err = hang(a, slot, p, m);
  if (err == TROUPE_PENDING) {
    trp_count(&sys->counters.parked);
    if (wait->id) *wait->id = p->item.id;
    return err;
  }
  trp_waiting_end(a, p->item.id);
  trp_ledger_remove(&a->ledger, &p->item);
  trp_free(&sys->allocator, p, sizeof *p);
  return err;
}
