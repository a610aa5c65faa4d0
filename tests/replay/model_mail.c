/* Messages from their delivery to their end. */
#include "tests/replay/model_state.h"

/* ---- handling ------------------------------------------------------------------------------ */

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
  if (a->overflow == TROUPE_OVERFLOW_DROP_OLD && !g->high) model_leave_room(m, g);
  g->fate = IN_HAND;
  g->replied = g->refused = g->answered = false;
  a->in_hand = g->number;
  a->grace = false;
}

/* It is no longer in the mailbox. */
static void leave_mailbox(model *m, message *g) {
  actor *a = model_actor(m, g->to);
  if (!a || a->root) return;
  model_leave_room(m, g);
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
  if (g->is_ask) model_wait_over(m, g);
  g->fate = HANDLED;
  m->handled++;
}

static void on_reply(model *m, const event *e) {
  message *g = model_message(m, e->msg);
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
  g->answered = e->code == TROUPE_OK || e->type == SCENE_REPLY_TO;
  if (g->is_ask) model_wait_over(m, g);
}

static bool can_keep(const message *g) { return g->fate == IN_HAND && !g->replied && !g->refused; }

/* Its room is free from here on. */
static void on_keep(model *m, const event *e) {
  message *g = model_message(m, e->msg);
  if (!model_must(m, g != NULL, "nothing is kept") || !can_keep(g)) return;
  leave_mailbox(m, g);
  g->fate = KEPT;
  g->keeping = true;
}

static void on_kept(model *m, const event *e) {
  message *g = model_message(m, e->msg);
  if (!model_must(m, g != NULL, "nothing is kept")) return;
  if (m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY && g->keeping) {
    actor *a = model_actor(m, g->to);
    g->fate = IN_HAND;
    a->in_hand = g->number;
    if (a->overflow != TROUPE_OVERFLOW_DROP_OLD || g->high) model_take_room(m, a, g);
  } else {
    model_must(m, (e->code == TROUPE_OK) == g->keeping, "keep has a wrong result");
  }
  g->keeping = false;
}

static void on_refuse(model *m, const event *e) {
  message *g = model_message(m, e->msg);
  if (!model_must(m, g != NULL, "nothing is refused")) return;
  if (e->id ? g->fate == KEPT : g->fate == IN_HAND && !g->replied) g->refused = true;
}

static void on_forward(model *m, const event *e) {
  message *g = model_message(m, e->msg);
  if (!model_must(m, g != NULL, "nothing is handed on")) return;
  g->forwarding = e->id ? g->fate == KEPT : can_keep(g);
  g->forward_to = e->with;
  g->forward_wait_ms = e->a;
}

static void on_return(model *m, actor *a, const event *e) {
  message *g = model_message(m, e->msg);
  a->signal = 0;
  if (e->code == TROUPE_SKIP && g && g->fate == IN_HAND) {
    g->fate = QUEUED;
    g->skipped = true;
    a->in_hand = 0;
    if (!g->has_room && a->queued < a->limit) model_take_room(m, a, g);
    return;
  }
  a->heard_ns = model_awake_ns(m, a);
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
  return !drops(to, g) && to->overflow != TROUPE_OVERFLOW_DROP_OLD && !model_may_wait(to, g);
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

/* Who waits would wait for itself: for room, or for its answer. */
static bool would_deadlock(model *m, const actor *to, const message *g) {
  uint64_t who = g->is_ask ? g->from : g->sender;
  const actor *a = model_actor(m, who);
  bool parks = to && model_is_full(m, to, g) && model_may_wait(to, g);
  if (parks && g->sender == g->to) return true;
  return (g->is_ask || parks) && a && a->blocked && model_may_wait_for(m, g->to, who);
}

/* Whether a call can be refused for this. */
static bool may_refuse(model *m, const actor *to, const message *g, int64_t why) {
  bool full = to && to->phase != GONE && model_is_full(m, to, g);
  if (why == TROUPE_DEAD_NOPROC) return !to || to->phase == GONE;
  if (why == TROUPE_DEAD_MAILBOX_FULL) return full && refuses(to, g);
  if (why == TROUPE_DEAD_OVERFLOW_NEW) return full && drops(to, g);
  if (why == TROUPE_DEAD_WOULD_DEADLOCK) return would_deadlock(m, to, g);
  return why == TROUPE_DEAD_NO_MEMORY && m->fault == FAULT_ALLOCATION;
}

/* Whether a message can die for this while it waits for room. */
static bool may_give_up(const model *m, const actor *to, const actor *sender, const message *g,
                        int64_t why) {
  if (why == TROUPE_DEAD_MAILBOX_FULL)
    return m->now_ns >= g->park_until_ns || (g->until_ns && m->now_ns >= g->until_ns);
  if (why == TROUPE_DEAD_SENDER_GONE) return sender && sender->phase >= ENDED;
  return why == TROUPE_DEAD_STOPPED && to->phase == GONE;
}

/* The same in the mailbox. */
static bool may_be_dropped(const model *m, const actor *to, const message *g, int64_t why) {
  if (why == TROUPE_DEAD_OVERFLOW_OLD)
    return to->overflow == TROUPE_OVERFLOW_DROP_OLD && is_oldest(m, g);
  if (why == TROUPE_DEAD_EXPIRED) return g->until_ns && m->now_ns >= g->until_ns;
  return why == TROUPE_DEAD_STOPPED && to->phase == GONE;
}

/* The same at its handler, or kept: refused, or left undone. */
static bool may_be_left(const actor *to, const message *g, int64_t why) {
  bool left = !g->replied && (g->fate == KEPT ? to->phase >= ENDED : to->asked);
  if (why == TROUPE_DEAD_NO_HANDLER) return g->refused || to->root;
  if (why == TROUPE_DEAD_STOPPED) return left && g->is_ask && clean_end(to);
  return why == TROUPE_DEAD_CRASHED && (g->broken || (left && !clean_end(to)));
}

static bool may_die(model *m, const message *g, int64_t why) {
  const actor *to = model_actor(m, g->to);
  if (g->fate == CALLED) return may_refuse(m, to, g, why);
  if (!to) return false;
  if (g->fate == PARKED) return may_give_up(m, to, model_actor(m, g->sender), g, why);
  return g->fate == QUEUED ? may_be_dropped(m, to, g, why) : may_be_left(to, g, why);
}

static void on_dead(model *m, const event *e) {
  m->dead[e->code]++;
  if (e->code == TROUPE_DEAD_LATE_REPLY) { /* `who` is the asker */
    const message *g = model_find_ask(m, e->who, e->id);
    const actor *asker = model_actor(m, e->who);
    model_must(m, (asker && asker->root) || (g && g->ask == OVER),
               "a reply is late, but its ask is open");
    return;
  }
  message *g = model_message(m, e->msg);
  if (!g) {
    model_must(m, e->code == TROUPE_DEAD_NO_MEMORY && m->fault == FAULT_ALLOCATION,
               "a dead letter of nothing");
    return;
  }
  if (!model_must(m, g->fate != HANDLED && g->fate != DEAD, "it ends twice")) return;
  model_begin_host_ask(m, g);
  actor *to = model_actor(m, g->to);
  if (g->fate == CALLED && to && to->overflow == TROUPE_OVERFLOW_STOP &&
      e->code == TROUPE_DEAD_MAILBOX_FULL) {
    to->overflowed |= to->phase == RUNNING || to->phase <= STARTING || to->again;
    to->stop_must |= to->phase == RUNNING;
  }
  model_must(m, may_die(m, g, e->code), "a dead letter for a wrong reason");
  if (g->fate == QUEUED || g->fate == IN_HAND) leave_mailbox(m, g);
  if (g->fate == PARKED) model_settle_park(m, g, false);
  model_wait_over(m, g);
  g->fate = DEAD;
  g->dead = e->code;
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
  if (model_send(m, e) || model_asks(m, e)) return true;
  message *g = model_message(m, e->msg);
  if ((e->type == TRP_EVENT_DELIVERED || e->type == TRP_EVENT_HANDLED) &&
      !model_must(m, g != NULL, "a message that nobody has sent"))
    return true;
  switch (e->type) {
  case TRP_EVENT_DELIVERED:
    on_delivered(m, g);
    return true;
  case TRP_EVENT_HANDLED:
    on_handled(m, g);
    return true;
  case TRP_EVENT_DEAD:
    on_dead(m, e);
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
