/* Monitors and timers, and what goes to `resume`. */
#include "tests/replay/model_state.h"

static monitor *find_monitor(model *m, uint64_t who, uint64_t id) {
  for (unsigned i = 0; i < m->nmonitors; i++)
    if (m->monitors[i].who == who && m->monitors[i].id == id) return &m->monitors[i];
  return NULL;
}

static timer *find_timer(model *m, uint64_t who, uint64_t id) {
  for (unsigned i = 0; i < m->ntimers; i++)
    if (m->timers[i].who == who && m->timers[i].id == id) return &m->timers[i];
  return NULL;
}

static bool may_fail(const model *m, const event *e) {
  return m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY;
}

/* A message of the runtime's starts a handler: only where one of others could. */
static void begin_signal(model *m, actor *a, uint64_t id) {
  model_must(m, a->phase == RUNNING, "a signal for an actor that does not run");
  model_must(m, !a->blocked, "a signal for an actor that is blocked");
  model_must(m, !a->asked && !a->stop_must && (!a->kill_must || a->grace),
             "a stop outranks signals");
  model_must(m, !a->in_hand && !a->signal, "a signal while a message is handled");
  model_turn(m, a, false);
  a->signal = id;
  a->grace = false;
}

static void begin_event(model *m, actor *a, uint64_t id) {
  model_must(m, model_lives(a), "an event for an actor that has ended");
  a->resume = id;
  a->resume_code = TROUPE_OK;
  a->resume_msg = 0;
}

void model_expect_resume(actor *a, const event *e, uint32_t reply) {
  a->resume = e->id;
  a->resume_code = e->code;
  a->resume_msg = reply;
}

/* ---- monitors ------------------------------------------------------------------------------ */

static void on_monitor(model *m, const event *e) {
  const actor *target = model_actor(m, e->with);
  if (e->code != TROUPE_OK) {
    model_must(m, may_fail(m, e), "a monitor is refused");
    return;
  }
  if (!model_must(m, m->nmonitors < MONITORS && !find_monitor(m, e->who, e->id), "an id twice"))
    return;
  if (e->a) model_wait_unsure(model_actor(m, e->who));
  m->monitors[m->nmonitors++] = (monitor){.who = e->who,
                                          .id = e->id,
                                          .target = e->with,
                                          .direct = e->a,
                                          .late = !target || target->phase == GONE,
                                          .state = OPEN};
}

static void on_down(model *m, const event *e) {
  monitor *w = find_monitor(m, e->who, e->id);
  actor *a = model_actor(m, e->who);
  const actor *target = model_actor(m, e->with);
  if (!model_must(m, w && a && w->state == OPEN && !w->skipped,
                  "a second down, or a forgotten one"))
    return;
  model_must(m, w->target == e->with, "the down of somebody else");
  model_must(m, w->late || (target && target->phase == GONE), "a down while it is still there");
  int64_t why = w->late ? (int64_t)TROUPE_EXIT_NOPROC : target ? target->why : 0;
  model_must(m, e->code == why, "a down with a wrong reason");
  for (uint32_t n = 1; n <= m->newest && !w->direct && !w->late; n++) {
    const message *g = &m->messages[n];
    if (g->forwarded) continue; /* it came later, from somebody else */
    model_must(m, g->from != w->target || g->to != w->who || g->fate != QUEUED || g->skipped,
               "a down overtakes a message of the same actor");
  }
  w->state = OVER;
  if (w->direct)
    begin_event(m, a, e->id);
  else
    begin_signal(m, a, e->id);
}

/* ---- timers -------------------------------------------------------------------------------- */

static void on_set_timer(model *m, const event *e) {
  if (e->code != TROUPE_OK) {
    model_must(m, may_fail(m, e), "a timer is refused");
    return;
  }
  if (!model_must(m, m->ntimers < TIMERS && !find_timer(m, e->who, e->id), "an id twice")) return;
  timer *replaced = e->with ? find_timer(m, e->who, e->with) : NULL;
  if (replaced) replaced->state = OVER;
  const actor *a = model_actor(m, e->who);
  if (e->msg == 1) model_wait_unsure(model_actor(m, e->who));
  m->timers[m->ntimers++] = (timer){.who = e->who,
                                    .id = e->id,
                                    .first_ns = m->now_ns + e->a * TRP_NS_PER_MS,
                                    .period_ns = e->b * TRP_NS_PER_MS,
                                    .direct = e->msg == 1,
                                    .begun_ns = a ? model_awake_ns(m, a) : 0,
                                    .idle_ns = e->msg == 2 ? e->a * TRP_NS_PER_MS : 0,
                                    .state = OPEN};
}

/* How many ticks there can have been. */
static uint64_t due(model *m, const timer *t) {
  const actor *a = model_actor(m, t->who);
  if (m->now_ns < t->first_ns) return 0;
  uint64_t since = a && a->heard_ns > t->begun_ns ? a->heard_ns : t->begun_ns;
  if (t->idle_ns && a && model_awake_ns(m, a) < since + t->idle_ns) return 0;
  return t->period_ns ? (m->now_ns - t->first_ns) / t->period_ns + 1 : 1;
}

static void on_timer(model *m, const event *e) {
  timer *t = find_timer(m, e->who, e->id);
  actor *a = model_actor(m, e->who);
  if (!model_must(m, t && a && t->state == OPEN, "a tick of a timer that is over")) return;
  t->ticks += 1 + (uint64_t)e->code;
  model_must(m, t->ticks <= due(m, t), "a tick before its time");
  if (!t->period_ns) t->state = OVER;
  if (t->direct)
    begin_event(m, a, e->id);
  else
    begin_signal(m, a, e->id);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void on_return(model *m, actor *a, const event *e) {
  monitor *w = find_monitor(m, a->pid, a->signal);
  if (e->code == TROUPE_SKIP && w && w->state == OVER) {
    w->state = OPEN;
    w->skipped = true;
  } else if (e->code < 0) {
    model_exit(a, TROUPE_EXIT_ERROR);
  }
  a->signal = 0;
}

static void on_resume(model *m, actor *a, const event *e) {
  model_must(m, a->resume == e->id && e->id, "resume is called for nothing");
  model_must(m, a->resume_code == e->code && a->resume_msg == e->msg, "resume is told otherwise");
  a->resume = 0;
}

void model_signals_left(model *m, const actor *a) {
  for (unsigned i = 0; i < m->nmonitors; i++)
    if (m->monitors[i].who == a->pid) m->monitors[i].state = OVER;
  for (unsigned i = 0; i < m->ntimers; i++)
    if (m->timers[i].who == a->pid) m->timers[i].state = OVER;
}

static void forget(model *m, const event *e) {
  monitor *w = find_monitor(m, e->who, e->id);
  timer *t = find_timer(m, e->who, e->id);
  if (e->type == SCENE_DEMONITOR && w) {
    w->state = OVER;
  } else if (t) {
    model_must(m, (t->state == OPEN) == (e->code != 0), "a cancel has a wrong result");
    t->state = OVER;
  }
}

static void rescan(model *m, uint64_t who) {
  for (unsigned i = 0; i < m->nmonitors; i++)
    if (m->monitors[i].who == who) m->monitors[i].skipped = false;
}

bool model_signals(model *m, const event *e) {
  actor *a = model_actor(m, e->who);
  switch (e->type) {
  case SCENE_MONITOR:
    on_monitor(m, e);
    return true;
  case SCENE_SET_TIMER:
    on_set_timer(m, e);
    return true;
  case TRP_EVENT_DOWN:
    on_down(m, e);
    return true;
  case TRP_EVENT_TIMER:
    on_timer(m, e);
    return true;
  case SCENE_DEMONITOR:
  case SCENE_CANCEL:
    forget(m, e);
    return true;
  case SCENE_RESCAN:
    rescan(m, e->who);
    return true;
  case SCENE_RECEIVE:
    model_must(m, a && a->signal == e->id, "receive is given another signal");
    return true;
  case SCENE_RETURN:
    if (a) on_return(m, a, e);
    return true;
  case SCENE_RESUME:
    if (model_must(m, model_lives(a), "it is called after its end")) on_resume(m, a, e);
    return true;
  default:
    return false;
  }
}

void model_signals_idle(model *m) {
  for (unsigned i = 0; i < m->nmonitors; i++) {
    const monitor *w = &m->monitors[i];
    const actor *a = model_actor(m, w->who), *target = model_actor(m, w->target);
    bool gone = !target || target->phase == GONE;
    if (w->state != OPEN || !gone || !model_lives(a)) continue;
    bool hears = a->phase == RUNNING && !a->blocked && !a->asked;
    model_must(m, !(w->direct || (hears && !w->skipped)), "a down was lost");
  }
  for (unsigned i = 0; i < m->ntimers; i++) {
    const timer *t = &m->timers[i];
    const actor *a = model_actor(m, t->who);
    if (t->state != OPEN || !model_lives(a)) continue;
    bool hears = a->phase == RUNNING && !a->blocked && !a->asked;
    bool waits = t->direct ? t->ticks == 0 : hears && t->ticks < due(m, t);
    model_must(m, !waits || due(m, t) == 0, "a tick was lost");
  }
}
