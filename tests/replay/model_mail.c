/* Messages, asks, and the room for them. */
#include "tests/replay/model_state.h"

#define THE_PORT UINT64_MAX /* as the sender of what hosts ask */

static message *find(model *m, uint32_t number) {
  return number && number < MESSAGES && m->messages[number].fate != UNSENT ? &m->messages[number]
                                                                           : NULL;
}

static message *find_ask(model *m, uint64_t who, uint64_t id) {
  for (uint32_t n = 1; n <= m->newest; n++)
    if (m->messages[n].from == who && m->messages[n].ask_id == id && id) return &m->messages[n];
  return NULL;
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
static void settle_park(model *m, const message *g, bool admitted) {
  for (unsigned i = 0; i < m->nparks; i++) {
    park *p = &m->parks[i];
    if (p->msg != g->number || p->settled) continue;
    p->settled = true;
    p->admitted = admitted;
  }
}

/* The next thing that happens must be that `who` is told of the end of this. */
static void expect_resume(actor *a, const event *e, uint32_t reply) {
  a->resume = e->id;
  a->resume_code = e->code;
  a->resume_msg = reply;
}

/* ---- sending ------------------------------------------------------------------------------- */

static bool anybody_parked(const model *m, uint64_t to) {
  for (uint32_t n = 1; n <= m->newest; n++)
    if (m->messages[n].to == to && m->messages[n].fate == PARKED) return true;
  return false;
}

static uint64_t high_limit(const actor *to) { return to->limit >= 8 ? to->limit / 8 : 1; }

static bool is_full(const model *m, const actor *to, const message *g) {
  if (g->high) return to->queued_high >= high_limit(to);
  return to->queued >= to->limit || anybody_parked(m, to->pid);
}

/* Whether the sender may wait for room. */
static bool may_wait(const actor *to, const message *g) {
  return g->sender && g->wait_ms && !g->high && to->overflow == TROUPE_OVERFLOW_WAIT;
}

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
}

/* The port sends it later, on the host's behalf; its time begins then. */
static void on_host_ask(model *m, const event *e) {
  if (e->code != TROUPE_OK) {
    model_must(m, (m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY), "an ask fails");
    return;
  }
  if (m->messages[e->msg].fate == DEAD) return; /* answered at once: there is no port */
  on_call(m, e);
  message *g = find(m, e->msg);
  if (!g) return;
  m->calls--;
  *g = (message){.number = e->msg,
                 .from = THE_PORT,
                 .to = e->with,
                 .is_ask = true,
                 .by_host = true,
                 .fate = CALLED,
                 .ask = OPEN,
                 .until_ns = e->b * TRP_NS_PER_MS};
}

/* The port has sent it. */
static void begin_host_ask(model *m, message *g) {
  if (!g->by_host || g->fate != CALLED || g->forwarded) return;
  g->until_ns += m->now_ns;
  m->calls++;
}

/* What the call returns for a message that was refused. */
static bool refusal_fits(int64_t dead, int64_t code) {
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
  message *g = find(m, e->msg);
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
  model_must(m, g->fate == DEAD && refusal_fits(g->dead, e->code),
             "a refusal says something else than the dead letter");
}

static void on_parked(model *m, message *g) {
  const actor *to = model_actor(m, g->to);
  model_must(m, g->fate == CALLED, "it parks out of turn");
  if (!model_must(m, to && g->sender != g->to && may_wait(to, g), "it may not wait for room"))
    return;
  model_must(m, is_full(m, to, g), "it waits though there is room");
  g->fate = PARKED;
  g->order = ++m->order;
}

/* Parked, and neither is its time over nor its sender gone. */
static bool still_waits(model *m, const message *g) {
  const actor *sender = model_actor(m, g->sender);
  return g->fate == PARKED && m->now_ns < g->park_until_ns && sender && sender->phase < ENDED &&
         (!g->until_ns || m->now_ns < g->until_ns);
}

static void take_room(model *m, actor *to, message *g) {
  g->has_room = true;
  if (g->high)
    model_must(m, ++to->queued_high <= high_limit(to), "too many of high priority");
  else /* where the oldest is dropped for it, that one's letter comes next, and then the check */
    model_must(m, ++to->queued <= to->limit || to->overflow == TROUPE_OVERFLOW_DROP_OLD,
               "the mailbox is over its bound");
}

static void on_accepted(model *m, message *g) {
  begin_host_ask(m, g);
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
  take_room(m, to, g);
  if (g->fate == PARKED) settle_park(m, g, true);
  g->fate = QUEUED;
  g->order = ++m->order;
}

/* ---- handling ------------------------------------------------------------------------------ */

static void leave_room(model *m, message *g) {
  actor *to = model_actor(m, g->to);
  if (!g->has_room || !to) return;
  uint64_t *queued = g->high ? &to->queued_high : &to->queued;
  model_must(m, *queued > 0, "more leaves the mailbox than was in it");
  --*queued;
  g->has_room = false;
}

/* Those of high priority go first, but at most 32 in a row while something else waits. */
void model_turn(model *m, actor *a, bool high) {
  bool others = false;
  for (uint32_t n = 1; n <= m->newest; n++) {
    const message *o = &m->messages[n];
    if (o->to == a->pid && o->fate == QUEUED && !o->skipped) others |= o->high != high;
  }
  if (high)
    model_must(m, !others || a->high_in_a_row < HIGH_IN_A_ROW, "high priority starves the rest");
  else
    model_must(m, !others || a->high_in_a_row >= HIGH_IN_A_ROW, "it goes before high priority");
  a->high_in_a_row = high ? a->high_in_a_row + 1 : 0;
}

static void on_delivered(model *m, message *g) {
  actor *a = model_actor(m, g->to);
  model_must(m, g->fate == QUEUED && !g->skipped, "it is delivered twice, or was left for later");
  if (!model_must(m, a && a->phase == RUNNING, "a message for an actor that does not run")) return;
  model_must(m, !a->blocked, "a message for an actor that is blocked");
  model_must(m, !a->asked && !a->stop_must && (!a->kill_must || a->grace),
             "a stop outranks messages");
  model_must(m, !a->in_hand && !a->signal, "two messages at once");
  model_must(m, !g->until_ns || m->now_ns < g->until_ns, "an ask that has expired is delivered");
  for (uint32_t n = 1; n <= m->newest; n++) {
    const message *o = &m->messages[n];
    if (o->to != g->to || o->fate != QUEUED || o->skipped) continue;
    model_must(m, o->from != g->from || o->high != g->high || o->order >= g->order,
               "messages of one sender change their order");
  }
  model_turn(m, a, g->high);
  if (a->overflow == TROUPE_OVERFLOW_DROP_OLD && !g->high) leave_room(m, g);
  g->fate = IN_HAND;
  g->replied = g->refused = false;
  a->in_hand = g->number;
  a->grace = false;
}

/* It is no longer in the mailbox. */
static void leave_mailbox(model *m, message *g) {
  actor *a = model_actor(m, g->to);
  if (!a || a->root) return;
  leave_room(m, g);
  if (g->fate == IN_HAND) a->in_hand = 0;
}

static bool clean_end(const actor *a) {
  return a->why == TROUPE_EXIT_NORMAL || a->why == TROUPE_EXIT_SHUTDOWN;
}

/* It counts as handled, and as sent once more. */
static void hand_on(model *m, message *g) {
  uint64_t by = g->to;
  if (g->fate == IN_HAND) leave_mailbox(m, g);
  m->handled++;
  m->calls++;
  g->forwarding = false;
  g->forwarded = true;
  g->fate = CALLED;
  g->sender = by;
  g->to = g->forward_to;
  g->wait_ms = g->forward_wait_ms;
  g->park_until_ns = m->now_ns + g->wait_ms * TRP_NS_PER_MS;
}

static void on_handled(model *m, message *g) {
  const actor *a = model_actor(m, g->to);
  if (!model_must(m, a && (g->fate == IN_HAND || g->fate == KEPT), "nobody had it in hand")) return;
  if (g->forwarding) {
    hand_on(m, g);
    return;
  }
  bool ended = g->fate == IN_HAND ? a->asked : a->phase >= ENDED;
  model_must(m, !g->refused, "it was refused, and counts as handled");
  model_must(m, g->replied || g->fate == IN_HAND || ended, "nobody has answered what was kept");
  if (ended && !g->replied)
    model_must(m, !g->is_ask && clean_end(a), "its handler did not come to its end");
  if (g->is_ask && !g->replied) {
    g->replied = true;
    g->reply_code = TROUPE_OK;
  }
  if (g->fate == IN_HAND) leave_mailbox(m, g);
  g->fate = HANDLED;
  m->handled++;
}

static void on_reply(model *m, const event *e) {
  message *g = find(m, e->msg);
  if (!model_must(m, g != NULL, "a reply to nothing")) return;
  if (e->type == SCENE_REPLY) {
    bool allowed = g->fate == IN_HAND && g->is_ask && !g->replied && !g->refused;
    model_must(m, (e->b != 0) == allowed, "a reply has a wrong result");
    if (!allowed) return;
  } else {
    model_must(m, g->fate == KEPT, "a late reply to what was not kept");
    g->broken = !g->is_ask && e->code != TROUPE_OK;
  }
  g->replied = true;
  g->reply_code = e->code;
  g->reply = (uint32_t)e->a;
}

static bool can_keep(const message *g) { return g->fate == IN_HAND && !g->replied && !g->refused; }

/* Its room is free from here on. */
static void on_keep(model *m, const event *e) {
  message *g = find(m, e->msg);
  if (!model_must(m, g != NULL, "nothing is kept") || !can_keep(g)) return;
  leave_mailbox(m, g);
  g->fate = KEPT;
  g->keeping = true;
}

static void on_kept(model *m, const event *e) {
  message *g = find(m, e->msg);
  if (!model_must(m, g != NULL, "nothing is kept")) return;
  if (m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY && g->keeping) {
    actor *a = model_actor(m, g->to);
    g->fate = IN_HAND;
    a->in_hand = g->number;
    if (a->overflow != TROUPE_OVERFLOW_DROP_OLD || g->high) take_room(m, a, g);
  } else {
    model_must(m, (e->code == TROUPE_OK) == g->keeping, "keep has a wrong result");
  }
  g->keeping = false;
}

static void on_refuse(model *m, const event *e) {
  message *g = find(m, e->msg);
  if (!model_must(m, g != NULL, "nothing is refused")) return;
  if (e->id ? g->fate == KEPT : g->fate == IN_HAND && !g->replied) g->refused = true;
}

static void on_forward(model *m, const event *e) {
  message *g = find(m, e->msg);
  if (!model_must(m, g != NULL, "nothing is handed on")) return;
  g->forwarding = e->id ? g->fate == KEPT : can_keep(g);
  g->forward_to = e->with;
  g->forward_wait_ms = e->a;
}

static void on_forwarded(model *m, const event *e) {
  message *g = find(m, e->msg);
  if (!model_must(m, g && !g->forwarding, "it was to be handed on, and was not")) return;
  if (e->code == TROUPE_E_INVALID) return;
  bool parked = g->fate == PARKED && g->sender == e->who;
  model_must(m, (e->code == TROUPE_PENDING) == parked, "a forward's result and fate differ");
  model_must(m, e->code != TROUPE_OK || g->fate == QUEUED, "a forward's result and fate differ");
  if (e->code < 0)
    model_must(m, g->fate == DEAD && refusal_fits(g->dead, e->code),
               "a refusal says something else than the dead letter");
  if (parked) add_park(m, e);
}

static void on_return(model *m, actor *a, const event *e) {
  message *g = find(m, e->msg);
  a->signal = 0;
  if (e->code == TROUPE_SKIP && g && g->fate == IN_HAND) {
    g->fate = QUEUED;
    g->skipped = true;
    a->in_hand = 0;
    if (!g->has_room && a->queued < a->limit) take_room(m, a, g);
    return;
  }
  a->heard_ns = m->now_ns;
  if (e->code < 0) model_exit(a, TROUPE_EXIT_ERROR);
}

static void rescan(model *m, uint64_t who) {
  for (uint32_t n = 1; n <= m->newest; n++)
    if (m->messages[n].to == who) m->messages[n].skipped = false;
}

/* ---- dead letters -------------------------------------------------------------------------- */

/* A full mailbox drops the message. */
static bool drops(const actor *to, const message *g) {
  return to->overflow == TROUPE_OVERFLOW_DROP_NEW ||
         (to->overflow == TROUPE_OVERFLOW_DROP_OLD && g->high);
}

/* A full mailbox refuses it. */
static bool refuses(const actor *to, const message *g) {
  return !drops(to, g) && to->overflow != TROUPE_OVERFLOW_DROP_OLD && !may_wait(to, g);
}

/* The oldest of normal priority in its mailbox: first those that were skipped. One that was skipped
 * and found no room is the oldest too. */
static bool is_oldest(const model *m, const message *g) {
  if (g->high) return false;
  for (uint32_t n = 1; n <= m->newest; n++) {
    const message *o = &m->messages[n];
    if (o->to != g->to || o->fate != QUEUED || o->high || !g->has_room) continue;
    if (o->skipped == g->skipped ? o->order < g->order : o->skipped) return false;
  }
  return true;
}

static bool may_die(const model *m, const message *g, int64_t why) {
  const actor *to = NULL, *from = NULL;
  for (unsigned i = 0; i < m->nactors; i++) {
    if (m->actors[i].pid == g->to) to = &m->actors[i];
    if (m->actors[i].pid == g->sender) from = &m->actors[i];
  }
  bool left = g->fate == KEPT ? to && to->phase >= ENDED : g->fate == IN_HAND && to && to->asked;
  switch ((troupe_dead_reason)why) {
  case TROUPE_DEAD_NOPROC:
    return g->fate == CALLED && (!to || to->phase == GONE);
  case TROUPE_DEAD_STOPPED:
    if (left) return g->is_ask && clean_end(to) && !g->replied;
    return (g->fate == QUEUED || g->fate == PARKED) && to && to->phase == GONE;
  case TROUPE_DEAD_CRASHED:
    return g->broken || (left && !clean_end(to) && !g->replied);
  case TROUPE_DEAD_MAILBOX_FULL:
    if (g->fate == PARKED)
      return m->now_ns >= g->park_until_ns || (g->until_ns && m->now_ns >= g->until_ns);
    return g->fate == CALLED && to && is_full(m, to, g) && refuses(to, g);
  case TROUPE_DEAD_OVERFLOW_NEW:
    return g->fate == CALLED && to && is_full(m, to, g) && drops(to, g);
  case TROUPE_DEAD_OVERFLOW_OLD:
    return g->fate == QUEUED && to && to->overflow == TROUPE_OVERFLOW_DROP_OLD && is_oldest(m, g);
  case TROUPE_DEAD_EXPIRED:
    return g->fate == QUEUED && g->until_ns && m->now_ns >= g->until_ns;
  case TROUPE_DEAD_NO_HANDLER:
    return g->refused || (to && to->root);
  case TROUPE_DEAD_SENDER_GONE:
    return g->fate == PARKED && from && from->phase >= ENDED;
  case TROUPE_DEAD_WOULD_DEADLOCK:
    return g->fate == CALLED && g->sender == g->to && to && is_full(m, to, g) && may_wait(to, g);
  case TROUPE_DEAD_NO_MEMORY:
    return g->fate == CALLED && m->fault == FAULT_ALLOCATION;
  case TROUPE_DEAD_TOO_BIG:
  case TROUPE_DEAD_LATE_REPLY:
  case TROUPE_DEAD_COUNT:
    break;
  }
  return false;
}

static void on_dead(model *m, const event *e) {
  m->dead[e->code]++;
  if (e->code == TROUPE_DEAD_LATE_REPLY) { /* `who` is the asker */
    const message *g = find_ask(m, e->who, e->id);
    const actor *asker = model_actor(m, e->who);
    model_must(m, (asker && asker->root) || (g && g->ask == OVER),
               "a reply is late, but its ask is open");
    return;
  }
  message *g = find(m, e->msg);
  if (!g) {
    model_must(m, e->code == TROUPE_DEAD_NO_MEMORY && m->fault == FAULT_ALLOCATION,
               "a dead letter of nothing");
    return;
  }
  if (!model_must(m, g->fate != HANDLED && g->fate != DEAD, "it ends twice")) return;
  begin_host_ask(m, g);
  actor *to = model_actor(m, g->to);
  if (g->fate == CALLED && to && to->overflow == TROUPE_OVERFLOW_STOP &&
      e->code == TROUPE_DEAD_MAILBOX_FULL) {
    to->overflowed |= to->phase == RUNNING || to->phase <= STARTING || to->again;
    to->stop_must |= to->phase == RUNNING;
  }
  model_must(m, may_die(m, g, e->code), "a dead letter for a wrong reason");
  if (g->fate == QUEUED || g->fate == IN_HAND) leave_mailbox(m, g);
  if (g->fate == PARKED) settle_park(m, g, false);
  g->fate = DEAD;
  g->dead = e->code;
}

/* ---- how asks end -------------------------------------------------------------------------- */

static bool answer_fits(const model *m, const message *g, int64_t code) {
  bool no_memory = m->fault == FAULT_ALLOCATION && code == TROUPE_E_NO_MEMORY;
  if (g->fate == DEAD && (g->by_host || g->forwarded) && refusal_fits(g->dead, code)) return true;
  if (code == TROUPE_E_TIMEOUT) return g->until_ns && m->now_ns >= g->until_ns;
  if (g->replied && g->fate != DEAD) return code == g->reply_code || no_memory;
  if (g->fate != DEAD) return false;
  switch (g->dead) {
  case TROUPE_DEAD_STOPPED:
    return code == TROUPE_E_STOPPED;
  case TROUPE_DEAD_CRASHED:
    return code == TROUPE_E_CRASHED;
  case TROUPE_DEAD_EXPIRED:
    return code == TROUPE_E_EXPIRED;
  case TROUPE_DEAD_NO_HANDLER:
    return code == TROUPE_E_NO_HANDLER;
  case TROUPE_DEAD_MAILBOX_FULL:
    return code == TROUPE_E_MAILBOX_FULL;
  case TROUPE_DEAD_OVERFLOW_OLD:
    return code == TROUPE_E_DROPPED;
  case TROUPE_DEAD_SENDER_GONE:
    return code == TROUPE_E_STOPPED;
  default:
    return false;
  }
}

/* A host is answered. */
static void on_answer(model *m, const event *e) {
  message *g = &m->messages[e->msg];
  if (g->fate == UNSENT) { /* within the call: there is no port any more */
    model_must(m, m->root_down && e->code == TROUPE_E_SYSTEM_STOPPED, "an answer to nothing");
    *g = (message){.number = e->msg, .fate = DEAD, .ask = OVER, .dead = TROUPE_DEAD_NOPROC};
    if (e->msg > m->newest) m->newest = e->msg;
    return;
  }
  model_must(m, g->by_host && g->ask == OPEN, "a host is answered twice, or never asked");
  g->ask = OVER;
  bool stopped = (m->stopping || m->root_down) && e->code == TROUPE_E_SYSTEM_STOPPED;
  bool no_memory = m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY;
  if (g->fate == CALLED && (stopped || no_memory)) { /* the port has not sent it */
    g->fate = DEAD;
    return;
  }
  model_must(m, stopped || answer_fits(m, g, e->code), "a host is told a wrong code");
  if (e->code == TROUPE_OK) model_must(m, e->a == g->reply, "a host is given another answer");
}

static void on_ask_ended(model *m, const event *e) {
  message *g = find_ask(m, e->who, e->id);
  actor *a = model_actor(m, e->who);
  if (a && a->root) return; /* the port's: the host is told */
  if (!model_must(m, g && g->ask == OPEN && a, "an ask ends twice, or never began")) return;
  model_must(m, model_lives(a), "an ask ends for an asker that has ended");
  model_must(m, answer_fits(m, g, e->code), "an ask ends with a wrong code");
  g->ask = OVER;
  expect_resume(a, e, e->code == TROUPE_OK ? g->reply : 0);
}

static void on_ask_left(model *m, const event *e) {
  message *g = find_ask(m, e->who, e->id);
  const actor *a = model_actor(m, e->who);
  if (a && a->root) return;
  if (!model_must(m, g && g->ask == OPEN, "an ask is left twice, or never began")) return;
  model_must(m, a && a->phase == ENDED, "an ask is left by an actor that goes on");
  g->ask = OVER;
}

static void on_park_ended(model *m, const event *e) {
  park *p = find_park(m, e->who, e->id);
  actor *a = model_actor(m, e->who);
  if (!p || !a) return; /* an ask's, which is told by itself */
  if (!model_must(m, p->state == OPEN, "a park ends twice")) return;
  model_must(m, p->settled && p->admitted == (e->code == TROUPE_OK), "a park ends otherwise");
  p->state = OVER;
  expect_resume(a, e, 0);
}

/* ---- all of it ----------------------------------------------------------------------------- */

void model_mail_left(model *m, const actor *a) {
  rescan(m, a->pid);
  for (unsigned i = 0; i < m->nparks; i++)
    if (m->parks[i].who == a->pid) m->parks[i].state = OVER;
}

static bool of_players(model *m, const event *e) {
  actor *a = model_actor(m, e->who);
  switch (e->type) {
  case SCENE_TELL:
  case SCENE_ASK:
    on_call(m, e);
    return true;
  case SCENE_TOLD:
  case SCENE_ASKED:
    on_called(m, e);
    return true;
  case SCENE_REPLY:
  case SCENE_REPLY_TO:
    on_reply(m, e);
    return true;
  case SCENE_KEEP:
    on_keep(m, e);
    return true;
  case SCENE_KEPT:
    on_kept(m, e);
    return true;
  case SCENE_REFUSE:
    on_refuse(m, e);
    return true;
  case SCENE_FORWARD:
    on_forward(m, e);
    return true;
  case SCENE_FORWARDED:
    on_forwarded(m, e);
    return true;
  case SCENE_HOST_ASK:
    on_host_ask(m, e);
    return true;
  case SCENE_ANSWER:
    on_answer(m, e);
    return true;
  case SCENE_RECEIVE:
    if (e->msg) model_must(m, a && a->in_hand == e->msg, "receive is given another message");
    return e->msg != 0;
  case SCENE_RETURN:
    if (a && e->msg) on_return(m, a, e);
    return e->msg != 0;
  case SCENE_RESCAN:
    rescan(m, e->who);
    return false; /* signals are skipped too */
  default:
    return false;
  }
}

bool model_mail(model *m, const event *e) {
  message *g = find(m, e->msg);
  if (e->type >= TRP_EVENT_ACCEPTED && e->type <= TRP_EVENT_HANDLED &&
      !model_must(m, g != NULL, "a message that nobody has sent"))
    return true;
  switch (e->type) {
  case TRP_EVENT_ACCEPTED:
    on_accepted(m, g);
    return true;
  case TRP_EVENT_PARKED:
    on_parked(m, g);
    return true;
  case TRP_EVENT_DELIVERED:
    on_delivered(m, g);
    return true;
  case TRP_EVENT_HANDLED:
    on_handled(m, g);
    return true;
  case TRP_EVENT_DEAD:
    on_dead(m, e);
    return true;
  case TRP_EVENT_ASK_ENDED:
    on_ask_ended(m, e);
    return true;
  case TRP_EVENT_ASK_LEFT:
    on_ask_left(m, e);
    return true;
  case TRP_EVENT_PARK_ENDED:
    on_park_ended(m, e);
    return true;
  default:
    return of_players(m, e);
  }
}

static void idle_message(model *m, const message *g) {
  const actor *to = model_actor(m, g->to), *from = model_actor(m, g->from);
  bool hears = to && to->phase == RUNNING && !to->blocked && !to->asked;
  if (g->fate == QUEUED) model_must(m, !hears || g->skipped, "a message waits for no reason");
  if (g->fate == QUEUED) model_must(m, to && to->phase != GONE, "a message in no mailbox");
  if (g->fate == PARKED) {
    model_must(m, m->now_ns < g->park_until_ns, "a parked message is not given up in time");
    model_must(m, to && to->queued > to->limit / 4, "there is room, and nobody is admitted");
    model_must(m, !hears || to->queued >= to->limit, "it ran dry, and nobody is admitted");
  }
  if (g->by_host) model_must(m, g->fate != CALLED, "the port has not sent it");
  if (!model_lives(from) && !g->by_host) return;
  if (g->ask == OPEN) {
    model_must(m, g->fate != HANDLED && g->fate != DEAD, "an answer was lost");
    model_must(m, !g->until_ns || m->now_ns < g->until_ns, "an ask does not end in time");
  }
}

void model_mail_idle(model *m) {
  for (unsigned i = 0; i < m->nparks; i++) {
    const park *p = &m->parks[i];
    if (p->state == OPEN && model_lives(model_actor(m, p->who)))
      model_must(m, !p->settled, "the sender was not told of the room");
  }
  for (uint32_t n = 1; n <= m->newest; n++)
    idle_message(m, &m->messages[n]);
}
