/* Generations, children, names, commands. */
#include "tests/replay/model_state.h"

/* ---- why a generation ends ----------------------------------------------------------------- */

static bool is_clean(int64_t why) {
  return why == TROUPE_EXIT_NORMAL || why == TROUPE_EXIT_SHUTDOWN;
}

static bool is_abrupt(int64_t why) {
  return why == TROUPE_EXIT_KILLED || why == TROUPE_EXIT_INIT_TIMEOUT ||
         why == TROUPE_EXIT_MEMORY_LIMIT;
}

/* The first reason stands, but one of success gives way to an end that cuts it short. */
void model_exit(actor *a, int64_t why) {
  if (a->phase > STOPPING) return;
  if (a->phase == STARTING && why == TROUPE_EXIT_ERROR) why = TROUPE_EXIT_INIT_FAILED;
  if (!a->asked || (is_abrupt(why) && !a->abrupt && is_clean(a->why))) a->why = why;
  a->asked = true;
  if (is_abrupt(why)) a->abrupt = true;
}

static bool may_be_stopped(const model *m, const actor *a) {
  const actor *parent = NULL;
  for (unsigned i = 0; i < m->nactors; i++)
    if (m->actors[i].pid == a->parent) parent = &m->actors[i];
  return m->stopping || a->stop_may || (parent && !parent->root && parent->phase == ENDED);
}

static bool may_be_killed(const model *m, const actor *a) {
  return a->kill_may || may_be_stopped(m, a) || (a->kill_ns && m->now_ns >= a->kill_ns) ||
         (a->phase == STOPPING && m->now_ns >= a->until_ns);
}

/* Whether the generation can end, or begin to stop, for this reason. */
static bool may_end(const model *m, const actor *a, int64_t why) {
  if (a->asked && (why == a->why || !is_clean(a->why))) return why == a->why;
  switch (why) {
  case TROUPE_EXIT_SHUTDOWN:
    return may_be_stopped(m, a);
  case TROUPE_EXIT_KILLED:
    return may_be_killed(m, a);
  case TROUPE_EXIT_MAILBOX_OVERFLOW:
    return a->overflowed;
  case TROUPE_EXIT_INIT_TIMEOUT:
    return a->phase == STARTING && m->now_ns >= a->until_ns;
  case TROUPE_EXIT_INIT_FAILED:
    return a->phase == STARTING && m->fault == FAULT_ALLOCATION;
  default:
    return false;
  }
}

/* ---- generations --------------------------------------------------------------------------- */

static void on_spawned(model *m, uint64_t pid) {
  if (!model_must(m, !model_actor(m, pid), "a pid was given out twice")) return;
  if (!model_must(m, m->nactors < ACTORS, "more actors than the model has room for")) return;
  m->actors[m->nactors++] = (actor){.pid = pid};
  m->spawned++;
}

static void on_starting(model *m, actor *a, uint64_t generation) {
  bool first = a->phase == NEW && generation == 1;
  bool next = a->phase == ENDED && a->again && generation == a->generation + 1;
  if (!model_must(m, first || next, "a generation begins out of turn")) return;
  a->phase = STARTING;
  a->generation = generation;
  a->until_ns = m->now_ns + a->init_ms * TRP_NS_PER_MS;
  a->asked = a->abrupt = a->pending = a->ready = a->again = a->blocked = false;
  a->stop_called = a->fini_called = a->exit_told = false;
  a->resume = 0;
}

static void on_started(model *m, actor *a) {
  model_must(m, a->phase == STARTING, "only a generation that starts can have started");
  model_must(m, a->ready, "it has started without its init");
  model_must(m, !a->abrupt, "it was to end at once, and has started");
  a->phase = RUNNING;
  a->started++;
}

static void on_stopping(model *m, actor *a, int64_t why) {
  model_must(m, a->phase == RUNNING, "only what runs can stop in order");
  model_must(m, !a->abrupt && !is_abrupt(why), "what is killed does not stop in order");
  model_must(m, may_end(m, a, why), "nobody has asked for this stop");
  model_exit(a, why);
  a->phase = STOPPING;
  a->until_ns = m->now_ns + a->shutdown_ms * TRP_NS_PER_MS;
}

static void on_ended(model *m, actor *a, int64_t why) {
  model_must(m, model_lives(a), "only a generation can end");
  model_must(m, may_end(m, a, why), "the generation ends for a wrong reason");
  model_must(m, a->phase != RUNNING || a->abrupt || is_abrupt(why), "it ends without its stop");
  model_must(m, !a->in_hand, "its message in hand is nowhere");
  a->phase = ENDED;
  a->why = why;
  a->stop_may = a->stop_must = a->kill_may = a->kill_must = a->blocked = a->overflowed = false;
  a->kill_ns = a->resume = 0;
  a->waits_for = 0;
  if (!is_clean(why)) m->crashes++;
  model_signals_left(m, a);
  model_mail_left(m, a);
}

static bool childless(const model *m, const actor *a) {
  for (unsigned i = 0; i < m->nactors; i++)
    if (m->actors[i].parent == a->pid && m->actors[i].phase != GONE) return false;
  return true;
}

static void on_gone(model *m, actor *a, const event *e) {
  model_must(m, a->phase == ENDED || a->phase == NEW, "it is gone while it runs");
  model_must(m, a->phase == NEW || e->code == a->why, "it is gone for another reason");
  model_must(m, childless(m, a), "it leaves orphans");
  model_must(m, !a->name, "it is gone and its name is not free");
  model_must(m, !a->again, "it was to be restarted, and is gone");
  a->phase = GONE;
  a->why = e->code;
}

static bool generations(model *m, const event *e) {
  actor *a = model_actor(m, e->who);
  if (e->type == TRP_EVENT_SPAWNED) {
    on_spawned(m, e->who);
    return true;
  }
  if (!a && e->type == TRP_EVENT_STARTING && m->nactors < ACTORS) { /* made with the system */
    a = &m->actors[m->nactors++];
    *a = (actor){.pid = e->who, .root = true};
  }
  if (!a || a->root) {
    if (a && e->type == TRP_EVENT_ENDED && !is_clean(e->code)) { /* no memory to start it */
      m->crashes++;
      m->root_down = true;
    }
    return a && e->type <= TRP_EVENT_GONE;
  }
  switch (e->type) {
  case TRP_EVENT_STARTING:
    on_starting(m, a, e->id);
    return true;
  case TRP_EVENT_STARTED:
    on_started(m, a);
    return true;
  case TRP_EVENT_STOPPING:
    on_stopping(m, a, e->code);
    return true;
  case TRP_EVENT_ENDED:
    on_ended(m, a, e->code);
    return true;
  case TRP_EVENT_GONE:
    on_gone(m, a, e);
    return true;
  default:
    return false;
  }
}

/* ---- names --------------------------------------------------------------------------------- */

static actor *owner_of(model *m, uint64_t name) {
  for (unsigned i = 0; i < m->nactors; i++)
    if (m->actors[i].name == name) return &m->actors[i];
  return NULL;
}

static bool names(model *m, const event *e) {
  actor *a = model_actor(m, e->who), *owner = owner_of(m, e->id);
  switch (e->type) {
  case TRP_EVENT_NAMED:
    model_must(m, !owner, "a name has two owners");
    if (a) a->name = e->id;
    return true;
  case TRP_EVENT_UNNAMED:
    model_must(m, a && owner == a, "a name is freed that was another's");
    if (a) a->name = 0;
    return true;
  case SCENE_WHEREIS:
    model_must(m, e->with == (owner ? owner->pid : 0), "a name leads to the wrong actor");
    return true;
  default:
    return false;
  }
}

/* ---- spawns, parents, children ------------------------------------------------------------- */

static void on_spawn(model *m, const event *e) {
  actor *a = model_actor(m, e->with);
  if (e->code == TROUPE_E_ALREADY_REGISTERED) {
    model_must(m, owner_of(m, e->b) != NULL, "the name was free");
  } else if (e->code == TROUPE_OK && model_must(m, a && a->phase == NEW, "nobody was spawned")) {
    model_must(m, a->name == e->b, "its name is not registered");
    a->parent = e->who;
    a->limit = e->a;
    a->overflow = (troupe_overflow)e->msg;
    a->init_ms = e->id >> 32;
    a->shutdown_ms = e->id & UINT32_MAX;
  } else if (e->code != TROUPE_OK) {
    bool no_parent = m->root_down && e->code == TROUPE_E_SYSTEM_STOPPED;
    bool no_memory = m->fault == FAULT_ALLOCATION && e->code == TROUPE_E_NO_MEMORY;
    model_must(m, no_parent || no_memory, "a spawn fails without a reason");
  }
}

static void on_child(model *m, const event *e) {
  actor *parent = model_actor(m, e->who), *c = model_actor(m, e->with);
  if (!model_must(m, model_lives(parent), "a parent is told after its end")) return;
  if (!model_must(m, c && c->parent == parent->pid, "told of somebody else's child")) return;
  switch ((troupe_child_event)e->code) {
  case TROUPE_CHILD_STARTED:
    model_must(m, ++c->started_told <= c->started, "told of a start that was none");
    break;
  case TROUPE_CHILD_EXITED:
    model_must(m, c->phase == ENDED && !c->exit_told, "told of an exit that was none, or twice");
    model_must(m, (int64_t)e->a == c->why, "told of another reason");
    model_must(m, childless(m, c), "told of an exit before the children's");
    c->exit_told = true;
    break;
  case TROUPE_CHILD_GONE:
    model_must(m, c->phase == GONE, "told that it is gone, and it is not");
    break;
  }
}

static void on_answer(model *m, const event *e) {
  actor *c = model_actor(m, e->with);
  if (!model_must(m, c && c->phase == ENDED && c->exit_told, "an answer without an exit")) return;
  c->again = e->type == SCENE_RESTART;
  c->released = !c->again;
  m->restarts += c->again;
}

static void send_stop(actor *a) {
  a->stop_may |= a->phase <= RUNNING || a->again;
  a->stop_must |= a->phase <= RUNNING;
}

static void send_kill(actor *a) {
  a->kill_may |= a->phase <= STOPPING || a->again;
  a->kill_must |= a->phase <= STOPPING;
}

static void on_command(model *m, const event *e) {
  actor *a = model_actor(m, e->with);
  bool there = a && a->phase != GONE;
  model_must(m, e->code == (there ? TROUPE_OK : TROUPE_E_NOPROC), "a command has a wrong result");
  if (there && e->type == SCENE_STOP) send_stop(a);
  if (there && e->type == SCENE_KILL) send_kill(a);
  if (there && e->a) a->grace = true;
}

static bool parents(model *m, const event *e) {
  actor *c = model_actor(m, e->with);
  switch (e->type) {
  case SCENE_SPAWN:
    on_spawn(m, e);
    return true;
  case SCENE_CHILD:
    on_child(m, e);
    return true;
  case SCENE_RESTART:
  case SCENE_RELEASE:
    on_answer(m, e);
    return true;
  case SCENE_CHILD_STOP:
    if (!c || (c->exit_told && !c->again)) return true;
    if (e->a)
      send_stop(c);
    else
      send_kill(c);
    if (e->a && (c->phase <= STOPPING || c->again)) c->kill_ns = m->now_ns + e->a * TRP_NS_PER_MS;
    return true;
  case SCENE_STOP:
  case SCENE_KILL:
    on_command(m, e);
    return true;
  case SCENE_SYSTEM_STOP:
    m->stopping = true;
    return true;
  default:
    return false;
  }
}

/* ---- callbacks, and what they say of their own life ---------------------------------------- */

static void on_init(model *m, actor *a, const event *e) {
  model_must(m, a->phase == STARTING && a->generation == e->id && !a->pending && !a->ready,
             "init is called out of turn");
  a->pending = e->code == TROUPE_PENDING;
  a->ready = e->code == TROUPE_OK;
  if (e->code < 0) model_exit(a, TROUPE_EXIT_INIT_FAILED);
}

static bool callbacks(model *m, const event *e) {
  actor *a = model_actor(m, e->who);
  if (!a) return false;
  switch (e->type) {
  case SCENE_INIT:
    on_init(m, a, e);
    return true;
  case SCENE_READY:
    if (a->phase == STARTING) a->ready = true;
    return true;
  case SCENE_DONE:
    return true;
  case SCENE_EXIT:
    model_must(m, model_lives(a), "it acts after its end");
    model_exit(a, e->code);
    return true;
  case SCENE_BLOCK:
    if (a->blocked && !e->code) a->waited_ns += m->now_ns - a->blocked_ns;
    if (!a->blocked) a->blocked_ns = m->now_ns;
    a->blocked = e->code != 0;
    if (!a->blocked) a->waits_for = 0;
    return true;
  case SCENE_ON_STOP:
    model_must(m, a->phase == STOPPING && !a->stop_called, "stop is called out of turn");
    model_must(m, e->code == a->why, "stop is told another reason");
    a->stop_called = true;
    return true;
  case SCENE_FINI:
    model_must(m, a->phase == ENDED && !a->fini_called && e->id == a->generation,
               "fini is called out of turn");
    a->fini_called = true;
    return true;
  case SCENE_FREED:
    model_must(m, a->phase == GONE && !a->freed, "freed out of turn");
    a->freed = true;
    return true;
  default:
    return false;
  }
}

bool model_life(model *m, const event *e) {
  return generations(m, e) || names(m, e) || parents(m, e) || callbacks(m, e);
}

/* ---- what should have happened by now ------------------------------------------------------ */

static void idle_exit(model *m, const actor *a) {
  const actor *parent = model_actor(m, a->parent);
  if (!childless(m, a)) return;
  if (!a->parent || (parent && parent->phase >= ENDED))
    model_must(m, false, "it has ended, and is not gone");
  else
    model_must(m, a->exit_told, "the parent was not told of an exit");
  model_must(m, !a->again && !a->released, "the parent's answer was not heard");
}

void model_life_idle(model *m) {
  for (unsigned i = 0; i < m->nactors; i++) {
    const actor *a = &m->actors[i];
    if (a->root) continue;
    model_must(m, a->phase != NEW, "it was spawned, and never begins");
    if (a->phase == ENDED) idle_exit(m, a);
    model_must(m, !a->asked || a->phase >= STOPPING, "it was to end, and goes on");
    model_must(m, !a->stop_must || a->phase >= STOPPING, "a stop was lost");
    model_must(m, !a->kill_must || a->phase >= ENDED, "a kill was lost");
    if (a->phase == STARTING || a->phase == STOPPING)
      model_must(m, m->now_ns < a->until_ns, "it takes longer to start or stop than it may");
  }
}
