/* Messages on their way in: calls, the room in a mailbox, and who waits for it. */
#include "tests/replay/model_state.h"

message *model_message(model *m, uint32_t number) {
  return number && number < MESSAGES && m->messages[number].fate != UNSENT ? &m->messages[number]
                                                                           : NULL;
}

/* ---- parks --------------------------------------------------------------------------------- */

static void add_park(model *m, const event *e) {
  if (!model_must(m, e->id && m->nparks < MESSAGES, "a park without an id")) return;
  m->parks[m->nparks++] = (park){.who = e->who, .id = e->id, .msg = e->msg, .state = OPEN};
}

static park *find_park(model *m, uint64_t who, uint64_t id) {
  for (unsigned i = 0; i < m->nparks; i++)
    if (m->parks[i].who == who && m->parks[i].id == id) return &m->parks[i];
  return NULL;
}

/* The message waits no longer. */
void model_settle_park(model *m, const message *g, bool admitted) {
  for (unsigned i = 0; i < m->nparks; i++) {
    park *p = &m->parks[i];
    if (p->msg != g->number || p->settled) continue;
    p->settled = true;
    p->admitted = admitted;
  }
}

static void on_park_ended(model *m, const event *e) {
  park *p = find_park(m, e->who, e->id);
  actor *a = model_actor(m, e->who);
  if (!p || !a) return; /* an ask's, which is told by itself */
  if (!model_must(m, p->state == OPEN, "a park ends twice")) return;
  model_must(m, p->settled && p->admitted == (e->code == TROUPE_OK), "a park ends otherwise");
  p->state = OVER;
  model_expect_resume(a, e, 0);
}

/* ---- room ---- */

static bool anybody_parked(const model *m, uint64_t to) {
  for (uint32_t n = 1; n <= m->newest; n++)
    if (m->messages[n].to == to && m->messages[n].fate == PARKED) return true;
  return false;
}

static uint64_t high_limit(const actor *to) { return to->limit >= 8 ? to->limit / 8 : 1; }

bool model_is_full(const model *m, const actor *to, const message *g) {
  if (g->high) return to->queued_high >= high_limit(to);
  return to->queued >= to->limit || anybody_parked(m, to->pid);
}

/* Whether the sender may wait for room. */
bool model_may_wait(const actor *to, const message *g) {
  return g->sender && g->wait_ms && !g->high && to->overflow == TROUPE_OVERFLOW_WAIT;
}

void model_leave_room(model *m, message *g) {
  actor *to = model_actor(m, g->to);
  if (!g->has_room || !to) return;
  uint64_t *queued = g->high ? &to->queued_high : &to->queued;
  model_must(m, *queued > 0, "more leaves the mailbox than was in it");
  --*queued;
  g->has_room = false;
}

void model_take_room(model *m, actor *to, message *g) {
  g->has_room = true;
  if (g->high)
    model_must(m, ++to->queued_high <= high_limit(to), "too many of high priority");
  else /* where the oldest is dropped for it, that one's letter comes next, and then the check */
    model_must(m, ++to->queued <= to->limit || to->overflow == TROUPE_OVERFLOW_DROP_OLD,
               "the mailbox is over its bound");
}

/* ---- calls ---- */

static void on_call(model *m, const event *e) {
  if (!model_must(m, e->msg < MESSAGES && m->messages[e->msg].fate == UNSENT, "a number twice"))
    return;
  if (e->msg > m->newest) m->newest = e->msg;
  bool is_ask = e->type == SCENE_ASK;
  uint64_t until = is_ask && e->b != UINT32_MAX ? m->now_ns + e->b * TRP_NS_PER_MS : 0;
  m->messages[e->msg] = (message){.number = e->msg,
                                  .from = e->who,
                                  .sender = e->who,
                                  .to = e->with,
                                  .is_ask = is_ask,
                                  .high = e->id == TROUPE_PRIORITY_HIGH,
                                  .fate = CALLED,
                                  .until_ns = until,
                                  .park_until_ns = m->now_ns + e->a * TRP_NS_PER_MS,
                                  .wait_ms = e->a};
  m->calls++;
  if (is_ask) model_begin_wait(m, &m->messages[e->msg]);
}

/* What the call returns for a message that was refused. */
bool model_refusal_fits(int64_t dead, int64_t code) {
  switch (dead) {
  case TROUPE_DEAD_NOPROC:
    return code == TROUPE_E_NOPROC;
  case TROUPE_DEAD_MAILBOX_FULL:
    return code == TROUPE_E_MAILBOX_FULL;
  case TROUPE_DEAD_WOULD_DEADLOCK:
    return code == TROUPE_E_WOULD_DEADLOCK;
  case TROUPE_DEAD_OVERFLOW_NEW:
    return code == TROUPE_E_DROPPED;
  case TROUPE_DEAD_NO_MEMORY:
    return code == TROUPE_E_NO_MEMORY;
  default:
    return false;
  }
}

static void on_called(model *m, const event *e) {
  message *g = model_message(m, e->msg);
  const actor *to = model_actor(m, e->with);
  if (!model_must(m, g != NULL, "the end of a call that did not begin")) return;
  model_must(m, !to || to->root || to->queued <= to->limit, "the mailbox is over its bound");
  bool parked = g->fate == PARKED, in = g->fate == QUEUED;
  bool no_memory = m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY;
  if (g->is_ask) {
    model_must(m, (e->code == TROUPE_OK) == (parked || in), "an ask's result and fate differ");
    if (parked || in) {
      model_must(m, e->id != 0, "an ask without an id");
      g->ask_id = e->id;
      g->ask = OPEN;
    }
  } else {
    model_must(m, (e->code == TROUPE_OK) == in, "a tell's result and fate differ");
    model_must(m, (e->code == TROUPE_PENDING) == parked, "a tell's result and fate differ");
    if (parked) add_park(m, e);
  }
  if (parked || in) return;
  if (g->fate == CALLED && no_memory) { /* it was never made: a letter without its payload */
    g->fate = DEAD;
    g->dead = TROUPE_DEAD_NO_MEMORY;
    return;
  }
  model_must(m, g->fate == DEAD && model_refusal_fits(g->dead, e->code),
             "a refusal says something else than the dead letter");
}

static void on_forwarded(model *m, const event *e) {
  message *g = model_message(m, e->msg);
  if (!model_must(m, g && !g->forwarding, "it was to be handed on, and was not")) return;
  if (e->code == TROUPE_E_INVALID) return;
  bool parked = g->fate == PARKED && g->sender == e->who;
  model_must(m, (e->code == TROUPE_PENDING) == parked, "a forward's result and fate differ");
  model_must(m, e->code != TROUPE_OK || g->fate == QUEUED, "a forward's result and fate differ");
  if (e->code < 0)
    model_must(m, g->fate == DEAD && model_refusal_fits(g->dead, e->code),
               "a refusal says something else than the dead letter");
  if (parked) add_park(m, e);
}

/* ---- where they go ---- */

static void on_parked(model *m, message *g) {
  const actor *to = model_actor(m, g->to);
  model_must(m, g->fate == CALLED, "it parks out of turn");
  if (!model_must(m, to && g->sender != g->to && model_may_wait(to, g), "it may not wait for room"))
    return;
  model_must(m, model_is_full(m, to, g), "it waits though there is room");
  if (!g->is_ask) model_begin_wait(m, g);
  if (g->fate == CALLED) model_check_wait(m, g);
  g->fate = PARKED;
  g->order = ++m->order;
}

/* Parked, and neither is its time over nor its sender gone. */
static bool still_waits(model *m, const message *g) {
  const actor *sender = model_actor(m, g->sender);
  return g->fate == PARKED && m->now_ns < g->park_until_ns && sender && sender->phase < ENDED &&
         (!g->until_ns || m->now_ns < g->until_ns);
}

static void on_accepted(model *m, message *g) {
  model_begin_host_ask(m, g);
  actor *to = model_actor(m, g->to);
  if (!model_must(m, to && to->phase != GONE, "a mailbox that is closed accepts")) return;
  model_must(m, g->fate == CALLED || g->fate == PARKED, "it is accepted twice");
  model_must(m, g->fate == PARKED || g->high || !anybody_parked(m, g->to),
             "it overtakes those that wait");
  for (uint32_t n = 1; n <= m->newest; n++) {
    const message *o = &m->messages[n];
    model_must(m, o->to != g->to || o->order >= g->order || g->high || !still_waits(m, o),
               "who waited longer comes first");
  }
  model_take_room(m, to, g);
  if (g->fate == PARKED) model_settle_park(m, g, true);
  if (!g->is_ask) model_wait_over(m, g);
  if (g->is_ask && g->fate == CALLED) model_check_wait(m, g);
  g->fate = QUEUED;
  g->order = ++m->order;
}

bool model_send(model *m, const event *e) {
  message *g = model_message(m, e->msg);
  switch (e->type) {
  case SCENE_TELL:
  case SCENE_ASK:
    on_call(m, e);
    return true;
  case SCENE_TOLD:
  case SCENE_ASKED:
    on_called(m, e);
    return true;
  case SCENE_FORWARDED:
    on_forwarded(m, e);
    return true;
  case TRP_EVENT_ACCEPTED:
    if (model_must(m, g != NULL, "a message that nobody has sent")) on_accepted(m, g);
    return true;
  case TRP_EVENT_PARKED:
    if (model_must(m, g != NULL, "a message that nobody has sent")) on_parked(m, g);
    return true;
  case TRP_EVENT_PARK_ENDED:
    on_park_ended(m, e);
    return true;
  default:
    return false;
  }
}
