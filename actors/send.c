#include "actors/send.h"

#include <string.h>

#include "actors/inbox.h"
#include "actors/line.h"
#include "actors/parked.h"
#include "actors/room.h"
#include "actors/share.h"
#include "actors/system.h"
#include "actors/waiting.h"
#include "actors/worker.h"

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
  if (!slot || !trp_slot_is(slot, m->to)) return false;
  return m->lane == TRP_LANE_LINE ? trp_line_signal(sys, slot, m) : trp_inbox_push(sys, slot, m);
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
  trp_waiting_settle(sys, asker, m->id);
  trp_send_signal(sys, m);
}

void trp_send_answer(troupe_system *sys, trp_msg *m, int code) {
  send_back(sys, m, TRP_MSG_REPLY, code, NULL);
}

void trp_send_turned(troupe_system *sys, trp_slot *slot, troupe_pid of, trp_room_turn turn) {
  if (!trp_room_claim(slot, turn)) return;
  if (turn == TRP_ROOM_ROSE) trp_count(&sys->counters.filled);
  if (!sys->config.on_mailbox) return;
  uint64_t limits = atomic_load_explicit(&slot->limits, memory_order_relaxed);
  troupe_mailbox_event event = {.actor = of,
                                .filled = turn == TRP_ROOM_ROSE,
                                .queued = trp_room_messages(slot),
                                .queued_bytes = trp_room_bytes(slot),
                                .most = (uint32_t)(limits / TRP_ROOM_MESSAGE),
                                .most_bytes = limits & TRP_ROOM_BYTES_MAX};
  sys->config.on_mailbox(sys->config.on_mailbox_ctx, &event);
}

void trp_send_release(troupe_system *sys, trp_msg *m) {
  if (!m->charged) return;
  m->charged = 0;
  trp_slot *slot = trp_slots_find(&sys->slots, m->to);
  bool admit = m->lane == TRP_LANE_HIGH ? trp_room_give_high(slot, trp_msg_bytes(m))
                                        : trp_room_give(slot, 1, trp_msg_bytes(m));
  if (admit) trp_parked_admit(sys, slot, m->to);
  trp_send_look(sys, slot, m->to);
}

void trp_send_bury(troupe_system *sys, trp_msg *m, troupe_dead_reason dead, int code,
                   trp_reason *reason) {
  dead_message(sys, m, dead);
  trp_send_release(sys, m); /* afterwards: whom the room lets in must not seem to be one too many */
  if (m->type == TRP_MSG_ASK && m->id)
    send_back(sys, m, TRP_MSG_ITEM, code, reason);
  else
    trp_msg_free(sys, m);
}

/* ---- sending ------------------------------------------------------------------------------- */

static troupe_dead_reason dead_of(int err) {
  switch (err) {
  case TROUPE_E_NOPROC:
    return TROUPE_DEAD_NOPROC;
  case TROUPE_E_TOO_BIG:
    return TROUPE_DEAD_TOO_BIG;
  case TROUPE_E_DROPPED:
    return TROUPE_DEAD_OVERFLOW_NEW;
  case TROUPE_E_WOULD_DEADLOCK:
    return TROUPE_DEAD_WOULD_DEADLOCK;
  case TROUPE_E_NO_MEMORY:
    return TROUPE_DEAD_NO_MEMORY;
  default:
    return TROUPE_DEAD_MAILBOX_FULL;
  }
}

static int command(troupe_system *sys, troupe_pid pid, troupe_exit_class why);

/* The mailbox is full: what its policy makes of one more. */
static int overflow(troupe_system *sys, troupe_actor *sender, trp_slot *slot, trp_msg *m,
                    const trp_send_wait *wait) {
  switch (trp_room_overflow(slot)) {
  case TROUPE_OVERFLOW_WAIT:
    if (!sender || !wait->ms || m->lane == TRP_LANE_HIGH) return TROUPE_E_MAILBOX_FULL;
    return trp_parked_add(sender, slot, m, wait);
  case TROUPE_OVERFLOW_STOP:
    (void)command(sys, m->to, TROUPE_EXIT_MAILBOX_OVERFLOW);
    return TROUPE_E_MAILBOX_FULL;
  case TROUPE_OVERFLOW_DROP_NEW:
    return TROUPE_E_DROPPED;
  case TROUPE_OVERFLOW_DROP_OLD: /* has an own way in: another holder of the slot */
  case TROUPE_OVERFLOW_FAIL:
    break;
  }
  return TROUPE_E_MAILBOX_FULL;
}

/* Room and push. TROUPE_OK and TROUPE_PENDING have taken m. */
static int enter(troupe_system *sys, troupe_actor *sender, trp_slot *slot, trp_msg *m,
                 const trp_send_wait *wait) {
  if (trp_room_overflow(slot) == TROUPE_OVERFLOW_DROP_OLD) return trp_line_send(sys, slot, m);
  uint64_t bytes = trp_msg_bytes(m);
  int err = m->lane == TRP_LANE_HIGH ? trp_room_take_high(slot, bytes)
                                     : trp_room_take(slot, bytes, false);
  if (err == TROUPE_E_MAILBOX_FULL) err = overflow(sys, sender, slot, m, wait);
  if (err != TROUPE_OK) return err;
  m->charged = 1;
  TRP_NOTE(sys, m, .type = TRP_EVENT_ACCEPTED, .who = m->to, .with = m->from, .id = m->id);
  troupe_pid to = m->to;
  if (!trp_inbox_push(sys, slot, m)) return TROUPE_E_NOPROC; /* closed since the slot was found */
  trp_send_look(sys, slot, to);
  return TROUPE_OK;
}

/* Whether nobody waits for ever because of an ASK: one's own, or one that is handed on. */
static int check_waiting(troupe_system *sys, troupe_actor *sender, const trp_msg *m,
                         const trp_send_wait *wait) {
  if (wait->ask) return trp_waiting_begin(sender, m->to, wait->ask);
  return m->type == TRP_MSG_ASK ? trp_waiting_repoint(sys, m->from, m->id, m->to) : TROUPE_OK;
}

int trp_send(troupe_system *sys, troupe_actor *sender, trp_msg *m, const trp_send_wait *wait) {
  if (sender)
    trp_worker_count(&sender->worker->sent);
  else
    trp_count(&sys->counters.sent);
  trp_slot *slot = trp_slots_find(&sys->slots, m->to);
  int err =
      slot && trp_slot_is(slot, m->to) ? check_waiting(sys, sender, m, wait) : TROUPE_E_NOPROC;
  if (err == TROUPE_OK) err = enter(sys, sender, slot, m, wait);
  if (err == TROUPE_OK || err == TROUPE_PENDING) return err;
  if (wait->ask) m->id = 0; /* the caller ends its ask */
  trp_send_bury(sys, m, dead_of(err), err, NULL);
  return err;
}

static int check_kind(const char *kind, size_t *kind_len) {
  if (!kind) return TROUPE_E_INVALID;
  if (*kind_len == 0) *kind_len = strnlen(kind, TROUPE_KIND_MAX + 1);
  return *kind_len == 0 || *kind_len > TROUPE_KIND_MAX ? TROUPE_E_INVALID : TROUPE_OK;
}

static int check(troupe_system *sys, const char *kind, size_t *kind_len, const void *data,
                 size_t len) {
  if (check_kind(kind, kind_len) || (len && !data)) return TROUPE_E_INVALID;
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

int trp_msg_make_shared(troupe_system *sys, trp_msg_type type, troupe_pid to, troupe_pid from,
                        const char *kind, size_t kind_len, troupe_payload *payload, trp_msg **out) {
  *out = NULL;
  if (!payload || payload->sys != sys || check_kind(kind, &kind_len)) return TROUPE_E_INVALID;
  if (trp_memory_has_room(&sys->memory, TRP_MEMORY_NEW, sizeof(trp_msg)))
    *out = trp_share_msg(payload, type, to, from, kind, kind_len);
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
  return err ? err : trp_send(sys, NULL, m, &(trp_send_wait){0});
}

int trp_send_told(troupe_actor *self, trp_msg *m, const troupe_send_opts *opts, uint64_t *id) {
  trp_send_prioritize(m, opts);
  trp_send_wait wait = {.ms = id ? opts->wait_ms : 0, .user = opts->user, .id = id};
  return trp_send(self->sys, self, m, &wait);
}

int troupe_actor_tell(troupe_actor *self, troupe_pid to, const char *kind, const void *data,
                      size_t len, const troupe_send_opts *opts, uint64_t *id) {
  static const troupe_send_opts none = {.size = sizeof none};
  if (!opts) opts = &none;
  trp_msg *m;
  int err =
      trp_msg_make(self->sys, TRP_MSG_TELL, to, self->pid, kind, opts->kind_len, data, len, &m);
  return err ? err : trp_send_told(self, m, opts, id);
}

/* ---- stop and kill ------------------------------------------------------------------------- */

static void command_dispose(troupe_system *sys, trp_msg *m) { (void)sys, (void)m; }

void trp_command_init(troupe_actor *a) {
  a->command.msg = (trp_msg){
      .to = a->pid, .type = TRP_MSG_COMMAND, .lane = TRP_LANE_CONTROL, .dispose = command_dispose};
}

troupe_exit_class trp_command_take(troupe_actor *a) {
  /* acq_rel: pairs with the exchange in ask_for(), so that who has found it on its way has written
   * before this what the owner reads after it */
  uint32_t asked = atomic_exchange_explicit(&a->command.out, 0, memory_order_acq_rel);
  TRP_ASSERT(asked != 0);
  return (troupe_exit_class)(asked - 1);
}

/* A stop that says only that the mailbox is full may pass unheard; a kill outranks all. */
static int rank(uint32_t asked) {
  switch (asked) {
  case 0:
    return 0;
  case 1 + TROUPE_EXIT_MAILBOX_OVERFLOW:
    return 1;
  case 1 + TROUPE_EXIT_KILLED:
    return 3;
  default:
    return 2;
  }
}

/* Whether it has to be sent: one that is on its way takes the higher rank along. */
static bool ask_for(trp_command *c, troupe_exit_class why) {
  uint32_t asked = 0, now;
  do
    now = rank(1 + (uint32_t)why) > rank(asked) ? 1 + (uint32_t)why : asked;
  while (!atomic_compare_exchange_weak_explicit(&c->out, &asked, now, memory_order_acq_rel,
                                                memory_order_relaxed));
  return asked == 0;
}

static int command(troupe_system *sys, troupe_pid pid, troupe_exit_class why) {
  trp_slot *slot = trp_slots_find(&sys->slots, pid);
  if (!slot || !trp_slot_is(slot, pid)) return TROUPE_E_NOPROC;
  pthread_mutex_t *lock = trp_slots_lock_of(&sys->slots, pid);
  pthread_mutex_lock(lock); /* while it is held the inbox is not closed, and so the body stays */
  /* acquire: pairs with the release that opens the inbox, behind the making of the body */
  bool open = atomic_load_explicit(&slot->inbox, memory_order_acquire) != TRP_INBOX_CLOSED &&
              trp_slot_is(slot, pid);
  if (open) {
    trp_command *c = &slot->body->command;
    if (ask_for(c, why)) trp_inbox_push(sys, slot, &c->msg);
  }
  pthread_mutex_unlock(lock);
  return open ? TROUPE_OK : TROUPE_E_NOPROC;
}

int troupe_stop(troupe_system *sys, troupe_pid pid) {
  return command(sys, pid, TROUPE_EXIT_SHUTDOWN);
}
int troupe_kill(troupe_system *sys, troupe_pid pid) {
  return command(sys, pid, TROUPE_EXIT_KILLED);
}
