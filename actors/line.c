#include "actors/line.h"

#include "actors/inbox.h"
#include "actors/parked.h"
#include "actors/send.h"
#include "actors/system.h"

#define HIGH_IN_A_ROW 32
#define DONE_TOGETHER 32 /* messages whose room is given back at once, */
#define DONE_SHARE 32    /* but no more than this part of the mailbox's */

static pthread_mutex_t *lock_of(troupe_actor *a) {
  return trp_slots_lock_of(&a->sys->slots, a->pid);
}

static void lock(troupe_actor *a) {
  if (a->line_shared) pthread_mutex_lock(lock_of(a));
}
static void unlock(troupe_actor *a) {
  if (a->line_shared) pthread_mutex_unlock(lock_of(a));
}

static bool is_message(const trp_msg *m) {
  return m->type == TRP_MSG_TELL || m->type == TRP_MSG_ASK;
}

/* ---- the owner's side ---------------------------------------------------------------------- */

void trp_line_sort(troupe_actor *a, trp_msg *m) {
  /* those of high priority that it has to wait for */
  if (m->type == TRP_MSG_DOWN) m->deadline_ns = a->high_served + a->lanes[TRP_LANE_HIGH].len;
  trp_queue_push(&a->lanes[m->lane], m);
}

void trp_line_push(troupe_actor *a, trp_msg *m) {
  lock(a);
  trp_line_sort(a, m);
  unlock(a);
}

/* Whether the next one is of high priority. */
static bool high_is_next(const troupe_actor *a) {
  const trp_msg *first = a->lanes[TRP_LANE_LINE].head;
  if (!a->lanes[TRP_LANE_HIGH].head) return false;
  if (!first || a->high_in_a_row < HIGH_IN_A_ROW) return true;
  return first->type == TRP_MSG_DOWN && first->deadline_ns > a->high_served;
}

static trp_msg *take_high(troupe_actor *a) {
  a->high_served++;
  if (a->high_in_a_row < HIGH_IN_A_ROW) a->high_in_a_row++;
  return trp_queue_pop(&a->lanes[TRP_LANE_HIGH]);
}

static trp_msg *take_normal(troupe_actor *a) {
  a->high_in_a_row = 0;
  return trp_queue_pop(&a->lanes[TRP_LANE_LINE]);
}

/* The message in hand gives its room back at once. Nobody is parked at such a mailbox. */
static void leave_shared(troupe_actor *a, trp_msg *m) {
  if (!m || !m->charged || m->lane != TRP_LANE_LINE) return;
  m->charged = 0;
  (void)trp_room_give(a->slot, 1, trp_msg_bytes(m));
}

trp_msg *trp_line_next(troupe_actor *a) {
  lock(a);
  trp_msg *m = high_is_next(a) ? take_high(a) : take_normal(a);
  if (a->line_shared) leave_shared(a, m);
  unlock(a);
  if (a->line_shared) trp_send_look(a->sys, a->slot, a->pid);
  return m;
}

bool trp_line_skip(troupe_actor *a, trp_msg *m) {
  bool room = true;
  lock(a);
  if (a->line_shared && is_message(m) && !m->charged) {
    room = trp_room_take(a->slot, trp_msg_bytes(m), true) == TROUPE_OK;
    m->charged = room;
  }
  if (room) trp_queue_push(&a->skipped, m);
  unlock(a);
  return room;
}

void trp_line_done(troupe_actor *a, trp_msg *m) {
  if (!m->charged || m->lane == TRP_LANE_HIGH) {
    trp_send_release(a->sys, m);
    return;
  }
  m->charged = 0;
  a->done += TRP_ROOM_MESSAGE + trp_msg_bytes(m);
  uint64_t limits = atomic_load_explicit(&a->slot->limits, memory_order_relaxed);
  uint64_t messages = a->done / TRP_ROOM_MESSAGE, bytes = a->done & TRP_ROOM_BYTES_MAX;
  if (messages >= DONE_TOGETHER || messages * DONE_SHARE >= limits / TRP_ROOM_MESSAGE ||
      bytes * DONE_SHARE >= (limits & TRP_ROOM_BYTES_MAX))
    trp_line_flush(a);
}

void trp_line_flush(troupe_actor *a) {
  uint64_t done = a->done;
  if (!done) return;
  a->done = 0;
  if (trp_room_give(a->slot, (uint32_t)(done / TRP_ROOM_MESSAGE), done & TRP_ROOM_BYTES_MAX))
    trp_parked_admit(a->sys, a->slot, a->pid);
  trp_send_look(a->sys, a->slot, a->pid);
}

void trp_line_rescan(troupe_actor *a) {
  trp_queue front[TRP_LANES] = {{0}};
  lock(a);
  for (trp_msg *m; (m = trp_queue_pop(&a->skipped));)
    trp_queue_push(&front[m->lane], m);
  trp_queue_prepend(&a->lanes[TRP_LANE_HIGH], &front[TRP_LANE_HIGH]);
  trp_queue_prepend(&a->lanes[TRP_LANE_LINE], &front[TRP_LANE_LINE]);
  unlock(a);
}

void trp_line_drop_signals(troupe_actor *a) {
  trp_queue signals = {0};
  lock(a);
  trp_queue line = a->lanes[TRP_LANE_LINE];
  a->lanes[TRP_LANE_LINE] = (trp_queue){0};
  for (trp_msg *m; (m = trp_queue_pop(&line));)
    trp_queue_push(is_message(m) ? &a->lanes[TRP_LANE_LINE] : &signals, m);
  unlock(a);
  for (trp_msg *m; (m = trp_queue_pop(&signals));)
    trp_msg_free(a->sys, m);
}

bool trp_line_park(troupe_actor *a, uintptr_t tag) {
  if (!a->line_shared) return trp_inbox_park(a->slot, tag);
  pthread_mutex_t *mutex = lock_of(a); /* once parked, the body may be gone */
  pthread_mutex_lock(mutex);
  bool waiting = tag == TRP_INBOX_WAITING;
  bool empty = !a->lanes[TRP_LANE_LINE].head && !a->lanes[TRP_LANE_HIGH].head;
  bool parked = (waiting || empty) && trp_inbox_park(a->slot, tag);
  pthread_mutex_unlock(mutex);
  return parked;
}

/* ---- the senders' side: shared lines ------------------------------------------------------- */

/* The body of the holder that m is for, or NULL. Under the slot's lock, which keeps it there. */
static troupe_actor *holder(trp_slot *slot, const trp_msg *m) {
  /* acquire: pairs with the release that opens the inbox, behind the making of the body */
  uintptr_t inbox = atomic_load_explicit(&slot->inbox, memory_order_acquire);
  return inbox != TRP_INBOX_CLOSED && trp_slot_is(slot, m->to) ? slot->body : NULL;
}

/* Whether it may be dropped for another. */
static bool can_go(const trp_msg *m) { return is_message(m) && m->lane == TRP_LANE_LINE; }

/* Takes the oldest message that can go out of a queue, or NULL. */
static trp_msg *take_oldest(trp_queue *q) {
  trp_msg *before = NULL, *m = q->head;
  while (m && !can_go(m)) {
    before = m;
    m = m->next;
  }
  if (!m) return NULL;
  *(before ? &before->next : &q->head) = m->next;
  if (q->tail == m) q->tail = before;
  q->len--;
  return m;
}

/* Takes what the messages in a queue that can go would leave off the bytes that are wanted. */
static void count_off(const trp_queue *q, uint64_t *wanted) {
  for (const trp_msg *m = q->head; m && *wanted; m = m->next) {
    uint64_t bytes = can_go(m) ? trp_msg_bytes(m) : 0;
    *wanted -= bytes < *wanted ? bytes : *wanted;
  }
}

/* Whether dropping others can make room at all: what those of high priority take stays taken. */
static bool can_fit(const troupe_actor *a, uint64_t bytes) {
  uint64_t most = atomic_load_explicit(&a->slot->limits, memory_order_relaxed) & TRP_ROOM_BYTES_MAX;
  uint64_t with = trp_room_bytes(a->slot) + bytes, wanted = with > most ? with - most : 0;
  count_off(&a->skipped, &wanted);
  count_off(&a->lanes[TRP_LANE_LINE], &wanted);
  return wanted == 0;
}

/* Makes room by dropping the oldest. False: there is none. */
static bool evict(troupe_actor *a, trp_queue *dropped) {
  trp_msg *m = take_oldest(&a->skipped);
  if (!m) m = take_oldest(&a->lanes[TRP_LANE_LINE]);
  if (!m) return false;
  m->charged = 0;
  (void)trp_room_give(a->slot, 1, trp_msg_bytes(m));
  trp_queue_push(dropped, m);
  return true;
}

/* Takes room for m, by force if it is of normal priority. */
static int make_room(troupe_actor *a, const trp_msg *m, trp_queue *dropped) {
  uint64_t bytes = trp_msg_bytes(m);
  if (m->lane == TRP_LANE_HIGH) return trp_room_take_high(a->slot, bytes);
  int err = trp_room_take(a->slot, bytes, true);
  if (err != TROUPE_E_MAILBOX_FULL || !can_fit(a, bytes)) return err;
  while (err == TROUPE_E_MAILBOX_FULL && evict(a, dropped))
    err = trp_room_take(a->slot, bytes, true);
  return err;
}

int trp_line_send(troupe_system *sys, trp_slot *slot, trp_msg *m) {
  trp_queue dropped = {0};
  troupe_pid to = m->to;
  pthread_mutex_t *mutex = trp_slots_lock_of(&sys->slots, to);
  pthread_mutex_lock(mutex);
  troupe_actor *a = holder(slot, m);
  int err = a ? make_room(a, m, &dropped) : TROUPE_E_NOPROC;
  if (err == TROUPE_OK) {
    m->charged = 1;
    TRP_NOTE(sys, m, .type = TRP_EVENT_ACCEPTED, .who = m->to, .with = m->from, .id = m->id);
    trp_line_sort(a, m);
    trp_inbox_wake(sys, slot);
  }
  pthread_mutex_unlock(mutex);
  for (trp_msg *old; (old = trp_queue_pop(&dropped));)
    trp_send_bury(sys, old, TROUPE_DEAD_OVERFLOW_OLD, TROUPE_E_DROPPED, NULL);
  trp_send_look(sys, slot, to);
  return err == TROUPE_E_MAILBOX_FULL ? TROUPE_E_DROPPED : err;
}

bool trp_line_signal(troupe_system *sys, trp_slot *slot, trp_msg *m) {
  if (trp_room_overflow(slot) != TROUPE_OVERFLOW_DROP_OLD) return trp_inbox_push(sys, slot, m);
  pthread_mutex_t *mutex = trp_slots_lock_of(&sys->slots, m->to);
  pthread_mutex_lock(mutex);
  troupe_actor *a = holder(slot, m);
  if (a) {
    trp_line_sort(a, m);
    trp_inbox_wake(sys, slot);
  }
  pthread_mutex_unlock(mutex);
  return a != NULL;
}
