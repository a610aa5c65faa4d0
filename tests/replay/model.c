#include "tests/replay/model.h"

#include "tests/replay/model_state.h"

actor *model_actor(model *m, uint64_t pid) {
  for (unsigned i = 0; i < m->nactors; i++)
    if (pid && m->actors[i].pid == pid) return &m->actors[i];
  return NULL;
}

/* An actor that is to be told something is told before anything else happens, unless it is to end
 * at once. */
static void check_resumes(model *m, const event *e) {
  if (e->type == SCENE_KILL) return; /* at an operation on the ledger between the two */
  for (unsigned i = 0; i < m->nactors; i++) {
    actor *a = &m->actors[i];
    if (!a->resume) continue;
    bool told = e->type == SCENE_RESUME && e->who == a->pid;
    model_must(m, told || a->abrupt, "resume was not called");
    if (!told) a->resume = 0;
  }
}

static void step(model *m, const event *e) {
  model_must(m, e->at_ns >= m->now_ns, "time goes back");
  m->now_ns = e->at_ns;
  check_resumes(m, e);
  if (e->type == SCENE_IDLE) {
    model_life_idle(m);
    model_mail_idle(m);
    model_signals_idle(m);
  } else if (e->type == SCENE_STUCK) {
    model_must(m, false, "it never comes to rest");
  } else if (e->type == TRP_EVENT_SLICE) {
    actor *a = model_actor(m, e->who);
    if (a) a->grace = false;
  } else {
    bool known = model_life(m, e) || model_mail(m, e) || model_signals(m, e);
    model_must(m, known, "an event that is none");
  }
}

/* The system has stopped: everything has ended, and the kernel's counters agree. */
static void check_end(model *m, const outcome *o) {
  const troupe_stats *s = &o->stats;
  uint64_t dead = 0;
  model_must(m, o->stopped, "the system does not stop");
  model_must(m, o->clean, "memory was not given back, or with a wrong size");
  for (unsigned i = 0; i < m->nactors; i++)
    model_must(m, m->actors[i].root || m->actors[i].phase == GONE, "an actor is left");
  for (uint32_t n = 1; n <= m->newest; n++) {
    const message *g = &m->messages[n];
    model_must(m, g->fate == UNSENT || g->fate == HANDLED || g->fate == DEAD,
               "a message was lost without a trace");
    model_must(m, g->ask != OPEN, "an ask never ended");
  }
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++) {
    if (i != TROUPE_DEAD_LATE_REPLY) dead += m->dead[i];
    model_must(m, s->dead[i] == m->dead[i], "the kernel counts other dead letters");
  }
  model_must(m, s->handled == m->handled, "the kernel counts other handled messages");
  model_must(m, s->sent == s->handled + dead, "sent = handled + dead letters does not hold");
  model_must(m, m->fault == FAULT_ALLOCATION || s->sent == m->calls,
             "the kernel counts other sends");
  model_must(m, s->crashes == m->crashes, "the kernel counts other crashes");
  model_must(m, s->restarts == m->restarts, "the kernel counts other restarts");
  model_must(m, s->actors == 0, "the kernel counts actors that are none");
}

const char *model_judge(const record *r, const outcome *o, fault_class fault, size_t *at) {
  static model m; /* one at a time */
  memset(&m, 0, sizeof m);
  m.fault = fault;
  *at = 0;
  if (o->failed_start) return fault == FAULT_ALLOCATION && o->clean ? NULL : "no system";
  for (*at = 0; *at < r->len && !m.wrong; *at += !m.wrong)
    step(&m, &r->events[*at]);
  if (!m.wrong) check_end(&m, o);
  return m.wrong;
}
