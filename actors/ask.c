#include "actors/ask.h"

#include <string.h>

#include "actors/base/mem.h"
#include "actors/line.h"
#include "actors/send.h"
#include "actors/system.h"
#include "actors/waiting.h"
#include "actors/worker.h"

#define DEFAULT_TIMEOUT_MS 30000

typedef struct ask {
  trp_item item;
  void *user;
  uint64_t park; /* the ledger item of the message while it is held back, or 0 */
} ask;

/* ---- the asker's side ---------------------------------------------------------------------- */

/* Takes the ask off the ledger and tells the behaviour. The event's contents are borrowed. */
static void finish(troupe_actor *a, ask *q, troupe_event *e) {
  e->id = q->item.id;
  e->user = q->user;
  trp_waiting_end(a, e->id);
  TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_ASK_ENDED, .who = a->pid, .id = e->id, .code = e->code);
  trp_ledger_remove(&a->ledger, &q->item);
  trp_free(&a->sys->allocator, q, sizeof *q);
  trp_actor_resume(a, e);
}

static void ask_deliver(troupe_actor *a, trp_item *it, trp_msg *m) {
  troupe_event e = {.code = m->code, .reason = m->reason ? &m->reason->exit : NULL};
  if (m->code == TROUPE_OK) {
    e.data = trp_msg_payload(m);
    e.len = m->size;
  } else if (m->size &&
             m->kind_len == 0) { /* a bounced ask still carries its own kind and payload */
    e.detail = (const char *)trp_msg_payload(m);
  }
  finish(a, TRP_CONTAINER(it, ask, item), &e);
  trp_msg_free(a->sys, m);
}

static void ask_expire(troupe_actor *a, trp_item *it) {
  ask *q = TRP_CONTAINER(it, ask, item);
  uint64_t id = it->id;
  trp_item *parked = q->park ? trp_ledger_find(&a->ledger, q->park) : NULL;
  if (parked) { /* it never got in: the park ends with the ask, which it finishes as mailbox_full */
    q->park = 0;
    parked->ops->expire(a, parked);
    if (!trp_ledger_find(&a->ledger, id)) return;
  }
  trp_count_limit(a->sys, TROUPE_LIMIT_ASK_TIMEOUT);
  finish(a, q, &(troupe_event){.code = TROUPE_E_TIMEOUT});
}

static void ask_settle(troupe_actor *a, trp_item *it) {
  TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_ASK_LEFT, .who = a->pid, .id = it->id);
  trp_free(&a->sys->allocator, TRP_CONTAINER(it, ask, item), sizeof(ask));
}

static const trp_item_ops ask_ops = {.name = "ask",
                                     .limit = 1000,
                                     .counts_as = TROUPE_LIMIT_ASKS,
                                     .index = TRP_ITEM_ASK,
                                     .deliver = ask_deliver,
                                     .expire = ask_expire,
                                     .settle = ask_settle};

void trp_ask_fail(troupe_actor *a, uint64_t id, int code) {
  trp_item *it = trp_ledger_find(&a->ledger, id);
  if (it && it->ops == &ask_ops)
    finish(a, TRP_CONTAINER(it, ask, item), &(troupe_event){.code = code});
}

/* An ask on the ledger; its message is still to be sent. */
static int open_ask(troupe_actor *a, uint64_t deadline_ns, void *user, ask **out) {
  ask *q = trp_zalloc(&a->sys->allocator, sizeof *q);
  *out = NULL;
  if (!q) return TROUPE_E_NO_MEMORY;
  q->user = user;
  q->item.bytes = sizeof *q;
  q->item.wakes = true;
  int err = trp_ledger_add(&a->ledger, &q->item, &ask_ops, deadline_ns);
  if (err)
    trp_free(&a->sys->allocator, q, sizeof *q);
  else
    *out = q;
  return err;
}

int trp_ask_open(troupe_actor *a, void *user, uint64_t *id) {
  ask *q;
  int err = open_ask(a, 0, user, &q);
  *id = q ? q->item.id : 0;
  return err;
}

int trp_ask_start(troupe_actor *a, trp_msg *m, uint32_t timeout_ms, uint32_t wait_ms, void *user,
                  uint64_t *id) {
  troupe_system *sys = a->sys;
  ask *q;
  if (timeout_ms == 0) timeout_ms = DEFAULT_TIMEOUT_MS;
  uint64_t deadline =
      timeout_ms == TROUPE_INFINITY ? 0 : trp_clock_ns(&sys->clock) + timeout_ms * TRP_NS_PER_MS;
  int err = open_ask(a, deadline, user, &q);
  if (err) {
    trp_msg_free(sys, m);
    return err;
  }
  m->id = q->item.id;
  m->deadline_ns = deadline;
  *id = q->item.id;
  err = trp_send(sys, a, m, &(trp_send_wait){wait_ms, q->item.id, NULL, &q->park});
  if (err == TROUPE_OK || err == TROUPE_PENDING) return TROUPE_OK;
  trp_waiting_end(a, q->item.id);
  trp_ledger_remove(&a->ledger, &q->item);
  trp_free(&sys->allocator, q, sizeof *q);
  *id = 0;
  return err;
}

int troupe_actor_ask(troupe_actor *self, troupe_pid to, const char *kind, const void *data,
                     size_t len, const troupe_send_opts *opts, uint64_t *id) {
  static const troupe_send_opts none = {.size = sizeof none};
  if (!opts) opts = &none;
  *id = 0;
  trp_msg *m;
  int err =
      trp_msg_make(self->sys, TRP_MSG_ASK, to, self->pid, kind, opts->kind_len, data, len, &m);
  if (err) return err;
  trp_send_prioritize(m, opts);
  return trp_ask_start(self, m, opts->timeout_ms, opts->wait_ms, opts->user, id);
}

/* ---- the answering side -------------------------------------------------------------------- */

/* Sends the reply to an ask, which stays as it is. Without memory: TROUPE_E_NO_MEMORY. */
static int send_reply(troupe_actor *a, const trp_msg *m, int code, const void *data, size_t len) {
  trp_msg *r = trp_msg_new(a->sys, TRP_MSG_REPLY, m->from, a->pid, NULL, 0, data, len);
  if (!r) return TROUPE_E_NO_MEMORY;
  r->id = m->id;
  r->code = code;
  trp_waiting_settle(a->sys, m->from, m->id);
  trp_send_signal(a->sys, r);
  return TROUPE_OK;
}

/* Answers an ask as well as memory allows. True: the reply is sent; false: *code is what is left to
 * say, by the ask's own memory. */
static bool answer(troupe_actor *a, const trp_msg *m, int *code, const void *data, size_t len,
                   const char *detail) {
  if (*code == TROUPE_OK && len > a->sys->config.max_message_bytes) *code = TROUPE_E_REPLY_TOO_BIG;
  if (*code != TROUPE_OK) {
    data = detail;
    len = detail ? strnlen(detail, TRP_REASON_TEXT_MAX) + 1 : 0;
    if (!len) return false;
  }
  int err = send_reply(a, m, *code, data, len);
  if (err && *code == TROUPE_OK) *code = err;
  return err == TROUPE_OK;
}

/* Counts a message as handled; it leaves the mailbox. */
static void count_handled(troupe_actor *a, trp_msg *m) {
  trp_worker_count(&a->worker->handled);
  a->handled++;
  TRP_NOTE(a->sys, m, .type = TRP_EVENT_HANDLED, .who = m->to, .with = m->from, .id = m->id);
  trp_line_done(a, m);
}

/* The message has been handled; takes it. An ask that still has an id is answered with code. */
static void handled(troupe_actor *a, trp_msg *m, int code) {
  count_handled(a, m);
  if (m->type == TRP_MSG_ASK && m->id)
    trp_send_answer(a->sys, m, code);
  else
    trp_msg_free(a->sys, m);
}

static trp_msg *take_current(troupe_actor *a) {
  trp_msg *m = a->current;
  a->current = NULL;
  a->verdict = TRP_VERDICT_NONE;
  return m;
}

void trp_ask_conclude(troupe_actor *a) {
  if (!a->current) return; /* kept */
  if (a->verdict == TRP_VERDICT_NONE && a->current->type == TRP_MSG_ASK) {
    troupe_actor_reply(a, NULL, 0);
  }
  trp_verdict verdict = a->verdict;
  trp_msg *m = take_current(a);
  if (verdict == TRP_VERDICT_REFUSED) {
    trp_send_bury(a->sys, m, TROUPE_DEAD_NO_HANDLER, TROUPE_E_NO_HANDLER, NULL);
  } else {
    if (verdict == TRP_VERDICT_REPLIED) m->id = 0;
    handled(a, m, m->code);
  }
}

/* Ends a message that its handler will not finish. Takes m. */
static void abandon(troupe_actor *a, trp_msg *m) {
  bool clean = a->why && troupe_exit_is_clean(a->why->exit.class_);
  if (m->type == TRP_MSG_TELL && clean) { /* it was being handled when the actor chose to end */
    handled(a, m, TROUPE_OK);
  } else {
    trp_send_bury(a->sys, m, clean ? TROUPE_DEAD_STOPPED : TROUPE_DEAD_CRASHED,
                  clean ? TROUPE_E_STOPPED : TROUPE_E_CRASHED, a->why);
  }
}

void trp_ask_abandon(troupe_actor *a) {
  if (!a->current) return;
  if (a->verdict != TRP_VERDICT_NONE)
    trp_ask_conclude(a);
  else
    abandon(a, take_current(a));
}

int troupe_actor_reply(troupe_actor *self, const void *data, size_t len) {
  trp_msg *m = self->current;
  if (!m || m->type != TRP_MSG_ASK || self->verdict != TRP_VERDICT_NONE) return TROUPE_E_INVALID;
  int code = TROUPE_OK;
  bool sent = answer(self, m, &code, data, len, NULL);
  m->code = code;
  self->verdict = sent ? TRP_VERDICT_REPLIED : TRP_VERDICT_ERROR;
  return TROUPE_OK;
}

int troupe_actor_reply_error(troupe_actor *self, int code, const char *detail) {
  trp_msg *m = self->current;
  if (!m || m->type != TRP_MSG_ASK || self->verdict != TRP_VERDICT_NONE || code >= 0) {
    return TROUPE_E_INVALID;
  }
  bool sent = answer(self, m, &code, NULL, 0, detail);
  m->code = code;
  self->verdict = sent ? TRP_VERDICT_REPLIED : TRP_VERDICT_ERROR;
  return TROUPE_OK;
}

/* ---- kept messages ------------------------------------------------------------------------- */

typedef struct kept {
  trp_item item;
  trp_msg *m;
} kept;

static void kept_settle(troupe_actor *a, trp_item *it) {
  kept *k = TRP_CONTAINER(it, kept, item);
  abandon(a, k->m);
  trp_free(&a->sys->allocator, k, sizeof *k);
}

static const trp_item_ops kept_ops = {.name = "kept",
                                      .limit = 1000,
                                      .counts_as = TROUPE_LIMIT_REPLY_HANDLES,
                                      .index = TRP_ITEM_KEPT,
                                      .settle = kept_settle};

/* Takes a kept message off the ledger; NULL: no such id. */
static trp_msg *unkeep(troupe_actor *a, uint64_t id) {
  trp_item *it = trp_ledger_find(&a->ledger, id);
  if (!it || it->ops != &kept_ops) return NULL;
  kept *k = TRP_CONTAINER(it, kept, item);
  trp_msg *m = k->m;
  trp_ledger_remove(&a->ledger, it);
  trp_free(&a->sys->allocator, k, sizeof *k);
  return m;
}

int troupe_actor_keep_ask(troupe_actor *self, uint64_t *id) {
  *id = 0;
  if (!self->current || self->verdict != TRP_VERDICT_NONE) return TROUPE_E_INVALID;
  kept *k = trp_zalloc(&self->sys->allocator, sizeof *k);
  if (k) k->item.bytes = sizeof *k + (size_t)trp_msg_bytes(self->current);
  int err = k ? trp_ledger_add(&self->ledger, &k->item, &kept_ops, 0) : TROUPE_E_NO_MEMORY;
  if (err) {
    trp_free(&self->sys->allocator, k, sizeof *k);
    return err;
  }
  k->m = take_current(self);
  trp_line_done(self, k->m);
  *id = k->item.id;
  return TROUPE_OK;
}

int troupe_actor_reply_to(troupe_actor *self, uint64_t id, int code, const void *data, size_t len,
                          const char *detail) {
  trp_msg *m = unkeep(self, id);
  if (!m) return TROUPE_E_INVALID;
  if (m->type == TRP_MSG_TELL && code != TROUPE_OK) {
    trp_send_bury(self->sys, m, TROUPE_DEAD_CRASHED, code, NULL);
    return TROUPE_OK;
  }
  if (m->type == TRP_MSG_ASK && answer(self, m, &code, data, len, detail)) m->id = 0;
  handled(self, m, code);
  return TROUPE_OK;
}

void troupe_actor_refuse(troupe_actor *self, uint64_t id) {
  if (!id && self->current && self->verdict == TRP_VERDICT_NONE)
    self->verdict = TRP_VERDICT_REFUSED;
  trp_msg *m = id ? unkeep(self, id) : NULL;
  if (m) trp_send_bury(self->sys, m, TROUPE_DEAD_NO_HANDLER, TROUPE_E_NO_HANDLER, NULL);
}

int troupe_actor_forward(troupe_actor *self, uint64_t id, troupe_pid to,
                         const troupe_send_opts *opts, uint64_t *park) {
  trp_msg *m = NULL;
  if (park) *park = 0;
  if (id)
    m = unkeep(self, id);
  else if (self->current && self->verdict == TRP_VERDICT_NONE)
    m = take_current(self);
  if (!m) return TROUPE_E_INVALID;
  count_handled(self, m); /* and sent once more */
  m->to = to;
  trp_send_wait wait = {0};
  if (opts && park) wait = (trp_send_wait){.ms = opts->wait_ms, .user = opts->user, .id = park};
  return trp_send(self->sys, self, m, &wait);
}
