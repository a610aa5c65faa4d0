#include "actors/send.h"

#include <string.h>

#include "actors/ask.h"
#include "actors/base/mem.h"
#include "actors/inbox.h"
#include "actors/system.h"

/* ---- endings ------------------------------------------------------------------------------- */

static void dead_letter(troupe_system *sys, const troupe_dead_letter *letter) {
  trp_count(&sys->counters.dead[letter->reason]);
  if (sys->config.on_dead_letter)
    sys->config.on_dead_letter(sys->config.on_dead_letter_ctx, letter);
}

void trp_send_unmade(troupe_system *sys, troupe_dead_reason why, troupe_pid to, troupe_pid from,
                     const char *kind, size_t kind_len) {
  trp_count(&sys->counters.sent);
  TRP_NOTE(sys, NULL, .type = TRP_EVENT_DEAD, .who = to, .with = from, .code = (int64_t)why);
  dead_letter(sys, &(troupe_dead_letter){
                       .reason = why, .to = to, .from = from, .kind = kind, .kind_len = kind_len});
}

bool trp_send_push(troupe_system *sys, trp_msg *m) {
  trp_slot *slot = trp_slots_find(&sys->slots, m->to);
  return slot && trp_slot_is(slot, m->to) && trp_inbox_push(sys, slot, m);
}

/* A letter about a message that has been made. */
static void dead_message(troupe_system *sys, const trp_msg *m, troupe_dead_reason dead) {
  TRP_NOTE(sys, m, .type = TRP_EVENT_DEAD, .who = m->to, .with = m->from, .id = m->id,
           .code = (int64_t)dead);
  dead_letter(sys, &(troupe_dead_letter){.reason = dead,
                                         .to = m->to,
                                         .from = m->from,
                                         .kind = trp_msg_kind(m),
                                         .kind_len = m->kind_len,
                                         .data = trp_msg_payload(m),
                                         .len = m->size});
}

void trp_send_drop(troupe_system *sys, trp_msg *m) {
  if (m->type == TRP_MSG_REPLY)
    dead_message(sys, m, TROUPE_DEAD_LATE_REPLY);
  else
    trp_count(&sys->counters.signals_dropped);
  trp_msg_free(sys, m);
}

void trp_send_signal(troupe_system *sys, trp_msg *m) {
  if (!trp_send_push(sys, m)) trp_send_drop(sys, m);
}

void trp_post(troupe_system *sys, trp_msg *m) {
  m->type = TRP_MSG_ITEM;
  m->lane = TRP_LANE_RESUME;
  trp_send_signal(sys, m);
}

/* Turns an ASK into what its asker is told, and sends it. No memory is needed. */
static void send_back(troupe_system *sys, trp_msg *m, trp_msg_type type, int code,
                      trp_reason *reason) {
  troupe_pid asker = m->from;
  m->type = (uint8_t)type;
  m->lane = TRP_LANE_RESUME;
  m->from = m->to;
  m->to = asker;
  m->code = code;
  trp_reason_unref(m->reason);
  m->reason = reason ? trp_reason_ref(reason) : NULL;
  trp_send_signal(sys, m);
}

void trp_send_answer(troupe_system *sys, trp_msg *m, int code) {
  send_back(sys, m, TRP_MSG_REPLY, code, NULL);
}

void trp_send_bury(troupe_system *sys, trp_msg *m, troupe_dead_reason dead, int code,
                   trp_reason *reason) {
  if (m->charged) {
    m->charged = 0;
    trp_slot *slot = trp_slots_find(&sys->slots, m->to);
    trp_send_release(sys, slot, m->to, trp_msg_bytes(m));
  }
  dead_message(sys, m, dead);
  if (m->type == TRP_MSG_ASK && m->id)
    send_back(sys, m, TRP_MSG_ITEM, code, reason);
  else
    trp_msg_free(sys, m);
}

/* ---- parked senders ------------------------------------------------------------------------ */

/* Appends to the ring. Under the slot's lock. */
static void link_park(trp_slot *slot, trp_park *p) {
  if (slot->parked) {
    p->next = slot->parked->next;
    slot->parked->next = p;
  } else {
    p->next = p;
  }
  slot->parked = p;
  p->linked = true;
}

/* Takes one off the ring; the last one takes the wait bit with it. Under the slot's lock. */
static void unlink_park(trp_slot *slot, trp_park *p) {
  trp_park *before = slot->parked;
  while (before->next != p)
    before = before->next;
  before->next = p->next;
  if (slot->parked == p) slot->parked = before == p ? NULL : before;
  p->linked = false;
  if (!slot->parked) {
    /* acq_rel: ordered with reservations, see trp_slot_release */
    atomic_fetch_and_explicit(&slot->reserved, ~TRP_RESERVED_WAIT, memory_order_acq_rel);
  }
}

/* Tells the sender; from here on the park belongs to whoever gets the message. */
static void settle_park(troupe_system *sys, trp_park *p, int code) {
  p->grant.code = code;
  trp_send_signal(sys, &p->grant);
}

void trp_send_grant(troupe_system *sys, trp_slot *slot, troupe_pid to) {
  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, to);
  pthread_mutex_lock(lock);
  while (slot->parked) {
    trp_park *p = slot->parked->next;
    trp_msg *m = p->held;
    if (trp_slot_reserve(slot, trp_msg_bytes(m), true) != TROUPE_OK) break;
    unlink_park(slot, p);
    p->held = NULL;
    m->charged = 1;
    TRP_NOTE(sys, m, .type = TRP_EVENT_ACCEPTED, .who = m->to, .with = m->from, .id = m->id);
    bool pushed = trp_inbox_push(sys, slot, m);
    TRP_ASSERT(pushed); /* a closing mailbox refuses its parked under this lock first */
    (void)pushed;
    settle_park(sys, p, TROUPE_OK);
  }
  pthread_mutex_unlock(lock);
}

void trp_send_release(troupe_system *sys, trp_slot *slot, troupe_pid to, uint64_t bytes) {
  if (trp_slot_release(slot, 1, bytes)) trp_send_grant(sys, slot, to);
}

void trp_send_refuse_parked(troupe_system *sys, trp_slot *slot, trp_queue *refused) {
  while (slot->parked) {
    trp_park *p = slot->parked->next;
    unlink_park(slot, p);
    trp_queue_push(refused, p->held);
    p->held = NULL;
    settle_park(sys, p, TROUPE_E_STOPPED);
  }
}

bool trp_park_unlink(troupe_system *sys, trp_park *p) {
  trp_slot *slot = trp_slots_find(&sys->slots, p->to);
  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, p->to);
  pthread_mutex_lock(lock);
  bool was = p->linked;
  if (was) unlink_park(slot, p);
  bool others = slot->parked != NULL;
  pthread_mutex_unlock(lock);
  if (was && others) trp_send_grant(sys, slot, p->to); /* it may have been too large for the room */
  return was;
}

static void free_park(troupe_system *sys, trp_msg *grant) {
  trp_free(&sys->allocator, TRP_CONTAINER(grant, trp_park, grant), sizeof(trp_park));
}

/* How a tell or an ask that had parked went on; the park is off the ledger. */
static void park_ended(troupe_actor *a, trp_park *p, int code) {
  uint64_t id = p->item.id, ask = p->ask;
  void *user = p->user;
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

static void park_deliver(troupe_actor *a, trp_item *it, trp_msg *m) {
  trp_park *p = TRP_CONTAINER(it, trp_park, item);
  int code = m->code;
  trp_ledger_remove(&a->ledger, it);
  park_ended(a, p, code);
}

static void park_expire(troupe_actor *a, trp_item *it) {
  trp_park *p = TRP_CONTAINER(it, trp_park, item);
  if (!trp_park_unlink(a->sys, p)) return; /* granted: the message is in our inbox */
  trp_ledger_remove(&a->ledger, it);
  trp_msg *held = p->held;
  held->id = 0; /* an ask's end is told below */
  trp_send_bury(a->sys, held, TROUPE_DEAD_MAILBOX_FULL, TROUPE_E_MAILBOX_FULL, NULL);
  park_ended(a, p, TROUPE_E_MAILBOX_FULL);
}

static void park_settle(troupe_actor *a, trp_item *it) {
  trp_park *p = TRP_CONTAINER(it, trp_park, item);
  if (!trp_park_unlink(a->sys, p)) return; /* the grant is in our inbox and frees it */
  p->held->id = 0;
  trp_send_bury(a->sys, p->held, TROUPE_DEAD_SENDER_GONE, TROUPE_E_STOPPED, NULL);
  trp_msg_free(a->sys, &p->grant);
}

static const trp_item_ops park_ops = {.name = "park",
                                      .index = TRP_ITEM_PARK,
                                      .deliver = park_deliver,
                                      .expire = park_expire,
                                      .settle = park_settle};

/* Holds the message back; TROUPE_PENDING, or how it went instead (m is then still the caller's). */
static int park(troupe_actor *a, trp_slot *slot, trp_msg *m, uint32_t wait_ms, uint64_t ask,
                void *user, uint64_t *id) {
  troupe_system *sys = a->sys;
  if (m->to.id == a->pid.id) return TROUPE_E_WOULD_DEADLOCK;
  trp_park *p = trp_zalloc(&sys->allocator, sizeof *p);
  if (!p) return TROUPE_E_NO_MEMORY;
  uint64_t deadline = trp_clock_ns(&sys->clock) + wait_ms * TRP_NS_PER_MS;
  p->item.bytes = sizeof *p + (size_t)trp_msg_bytes(m);
  int err = trp_ledger_add(&a->ledger, &p->item, &park_ops, deadline);
  if (err) {
    trp_free(&sys->allocator, p, sizeof *p);
    return err;
  }
  p->to = m->to;
  p->ask = ask;
  p->user = user;
  p->held = m;
  p->grant = (trp_msg){.to = a->pid,
                       .from = m->to,
                       .id = p->item.id,
                       .type = TRP_MSG_ITEM,
                       .lane = TRP_LANE_RESUME,
                       .dispose = free_park};

  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, m->to);
  pthread_mutex_lock(lock);
  bool open = trp_slot_is(slot, m->to) &&
              atomic_load_explicit(&slot->inbox, memory_order_relaxed) != TRP_INBOX_CLOSED;
  err = TROUPE_E_NOPROC;
  if (open) {
    /* The bit first, then one more try: whoever returns room after this sees the bit. */
    atomic_fetch_or_explicit(&slot->reserved, TRP_RESERVED_WAIT, memory_order_acq_rel);
    err = slot->parked ? TROUPE_E_MAILBOX_FULL : trp_slot_reserve(slot, trp_msg_bytes(m), true);
    if (err == TROUPE_E_MAILBOX_FULL) {
      link_park(slot, p);
      err = TROUPE_PENDING;
      TRP_NOTE(sys, m, .type = TRP_EVENT_PARKED, .who = m->to, .with = a->pid, .id = m->id);
    } else if (!slot->parked) {
      atomic_fetch_and_explicit(&slot->reserved, ~TRP_RESERVED_WAIT, memory_order_acq_rel);
    }
  }
  pthread_mutex_unlock(lock);
  if (err == TROUPE_PENDING) {
    trp_count(&sys->counters.parked);
    if (id) *id = p->item.id;
    return err;
  }
  trp_ledger_remove(&a->ledger, &p->item);
  trp_free(&sys->allocator, p, sizeof *p);
  return err;
}

/* ---- sending ------------------------------------------------------------------------------- */

static troupe_dead_reason dead_of(int err) {
  switch (err) {
  case TROUPE_E_NOPROC:
    return TROUPE_DEAD_NOPROC;
  case TROUPE_E_TOO_BIG:
    return TROUPE_DEAD_TOO_BIG;
  case TROUPE_E_WOULD_DEADLOCK:
    return TROUPE_DEAD_WOULD_DEADLOCK;
  case TROUPE_E_NO_MEMORY:
    return TROUPE_DEAD_NO_MEMORY;
  default:
    return TROUPE_DEAD_MAILBOX_FULL;
  }
}

int trp_send(troupe_system *sys, troupe_actor *sender, trp_msg *m, uint32_t wait_ms, uint64_t ask,
             void *user, uint64_t *park_id) {
  trp_count(&sys->counters.sent);
  trp_slot *slot = trp_slots_find(&sys->slots, m->to);
  int err = slot && trp_slot_is(slot, m->to) ? TROUPE_OK : TROUPE_E_NOPROC;
  if (err == TROUPE_OK) {
    err = trp_slot_reserve(slot, trp_msg_bytes(m), false);
    bool fail = atomic_load_explicit(&slot->limit_messages, memory_order_relaxed) & TRP_SLOT_FAIL;
    if (err == TROUPE_E_MAILBOX_FULL && sender && wait_ms && !fail) {
      err = park(sender, slot, m, wait_ms, ask, user, park_id);
      if (err == TROUPE_PENDING) return err;
    }
  }
  if (err == TROUPE_OK) {
    m->charged = 1;
    TRP_NOTE(sys, m, .type = TRP_EVENT_ACCEPTED, .who = m->to, .with = m->from, .id = m->id);
    if (trp_inbox_push(sys, slot, m)) return TROUPE_OK;
    err = TROUPE_E_NOPROC; /* closed between the look and the push */
  }
  m->id = 0; /* the caller tells the asker */
  trp_send_bury(sys, m, dead_of(err), err, NULL);
  return err;
}

static int check(troupe_system *sys, const char *kind, size_t *kind_len, const void *data,
                 size_t len) {
  if (!kind) return TROUPE_E_INVALID;
  if (*kind_len == 0) *kind_len = strnlen(kind, TROUPE_KIND_MAX + 1);
  if (*kind_len == 0 || *kind_len > TROUPE_KIND_MAX || (len && !data)) return TROUPE_E_INVALID;
  return len > sys->config.max_message_bytes ? TROUPE_E_TOO_BIG : TROUPE_OK;
}

int trp_msg_make(troupe_system *sys, trp_msg_type type, troupe_pid to, troupe_pid from,
                 const char *kind, size_t kind_len, const void *data, size_t len, trp_msg **out) {
  int err = check(sys, kind, &kind_len, data, len);
  *out = NULL;
  if (err == TROUPE_E_TOO_BIG) trp_send_unmade(sys, TROUPE_DEAD_TOO_BIG, to, from, kind, kind_len);
  if (err) return err;
  if (trp_memory_has_room(&sys->memory, TRP_MEMORY_NEW, len))
    *out = trp_msg_new(sys, type, to, from, kind, kind_len, data, len);
  else
    trp_memory_count_refusal(&sys->memory);
  if (*out) return TROUPE_OK;
  trp_send_unmade(sys, TROUPE_DEAD_NO_MEMORY, to, from, kind, kind_len);
  return TROUPE_E_NO_MEMORY;
}

int troupe_tell(troupe_system *sys, troupe_pid to, const char *kind, const void *data, size_t len) {
  if (trp_system_stopping(sys)) return TROUPE_E_SYSTEM_STOPPED;
  trp_msg *m;
  int err = trp_msg_make(sys, TRP_MSG_TELL, to, (troupe_pid){0}, kind, 0, data, len, &m);
  return err ? err : trp_send(sys, NULL, m, 0, 0, NULL, NULL);
}

int troupe_actor_tell(troupe_actor *self, troupe_pid to, const char *kind, const void *data,
                      size_t len, const troupe_send_opts *opts, uint64_t *id) {
  static const troupe_send_opts none = {.size = sizeof none};
  if (!opts) opts = &none;
  trp_msg *m;
  int err =
      trp_msg_make(self->sys, TRP_MSG_TELL, to, self->pid, kind, opts->kind_len, data, len, &m);
  if (err) return err;
  return trp_send(self->sys, self, m, id ? opts->wait_ms : 0, 0, opts->user, id);
}

/* ---- stop and kill ------------------------------------------------------------------------- */

/* The owner has handled it. acq_rel: pairs with the exchange in command(), so that who has found it
 * on its way has written before this what the owner reads after it. */
static void command_handled(troupe_system *sys, trp_msg *m) {
  (void)sys;
  atomic_exchange_explicit(&TRP_CONTAINER(m, trp_command, msg)->out, 0, memory_order_acq_rel);
}

void trp_commands_init(troupe_actor *a) {
  trp_msg m = {.to = a->pid, .lane = TRP_LANE_CONTROL, .dispose = command_handled};
  a->stop.msg = a->kill.msg = m;
  a->stop.msg.type = TRP_MSG_STOP;
  a->kill.msg.type = TRP_MSG_KILL;
}

/* Sends a body's command unless it is on its way already: then that one is as good. */
static int command(troupe_system *sys, troupe_pid pid, trp_msg_type type) {
  trp_slot *slot = trp_slots_find(&sys->slots, pid);
  if (!slot || !trp_slot_is(slot, pid)) return TROUPE_E_NOPROC;
  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, pid);
  pthread_mutex_lock(lock); /* while it is held the inbox is not closed, and so the body stays */
  /* acquire: pairs with the release that opens the inbox, behind the making of the body */
  bool open = atomic_load_explicit(&slot->inbox, memory_order_acquire) != TRP_INBOX_CLOSED &&
              trp_slot_is(slot, pid);
  if (open) {
    trp_command *c = type == TRP_MSG_STOP ? &slot->body->stop : &slot->body->kill;
    if (atomic_exchange_explicit(&c->out, 1, memory_order_acq_rel) == 0)
      trp_inbox_push(sys, slot, &c->msg);
  }
  pthread_mutex_unlock(lock);
  return open ? TROUPE_OK : TROUPE_E_NOPROC;
}

int troupe_stop(troupe_system *sys, troupe_pid pid) { return command(sys, pid, TRP_MSG_STOP); }
int troupe_kill(troupe_system *sys, troupe_pid pid) { return command(sys, pid, TRP_MSG_KILL); }
