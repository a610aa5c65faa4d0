/* A system for tests of scripts, and a parent in C that starts a script, restarts it when told to,
 * and records how it ends. */
#ifndef TRP_TESTS_STAGE_H
#define TRP_TESTS_STAGE_H

#include "tests/actors/world.h"

#include <pthread.h>
#include <unistd.h>

#include <troupe/script.h>

#include "actors/base/mem.h"
#include "scripting/script.h"

typedef struct stage {
  world w; /* w.sys; with threads its clock is not used */
  int workers;
  pthread_mutex_t lock; /* guards what follows: workers write, the test reads */
  char log[1 << 18];
  size_t log_len;
  unsigned log_lines;
} stage;

typedef struct cast { /* one script and its parent */
  stage *s;
  troupe_spawn_opts opts;
  troupe_pid pid;
  unsigned restarts_left;
  bool kill_at_once; /* the kill is there before it has begun */
  _Atomic unsigned started, exits, gone;
  troupe_exit_class class_; /* of the last exit, as what follows */
  int code;
  char reason[4200];
  char traceback[4200];
} cast;

static inline void stage_log(void *ctx, troupe_log_level level, const char *line, size_t len) {
  stage *s = ctx;
  (void)level;
  pthread_mutex_lock(&s->lock);
  s->log_lines++;
  if (s->log_len + len + 2 < sizeof s->log) {
    memcpy(s->log + s->log_len, line, len);
    s->log_len += len;
    s->log[s->log_len++] = '\n';
    s->log[s->log_len] = 0;
  }
  pthread_mutex_unlock(&s->lock);
}

/* memory_bytes 0: the default */
static inline void stage_start_bounded(stage *s, int workers, uint64_t memory_bytes) {
  memset(s, 0, sizeof *s);
  s->workers = workers;
  pthread_mutex_init(&s->lock, NULL);
  atomic_store(&s->w.now.ns, TRP_NS_PER_S);
  faulty_init(&s->w.memory, 0);
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = workers;
  cfg.seed = 7;
  cfg.allocator = &s->w.memory.allocator;
  if (workers == 0) {
    cfg.clock = world_clock;
    cfg.clock_ctx = &s->w;
  }
  cfg.log = stage_log;
  cfg.log_ctx = s;
  cfg.max_actors = 4096;
  cfg.memory_bytes = memory_bytes;
  assert_int_equal(troupe_system_start(&s->w.sys, &cfg), TROUPE_OK);
}
static inline void stage_start(stage *s, int workers) { stage_start_bounded(s, workers, 0); }

static inline void stage_stop(stage *s) {
  world_stop(&s->w);
  pthread_mutex_destroy(&s->lock);
}

/* ---- the parent ---------------------------------------------------------------------------- */

static inline int cast_init(troupe_actor *a, void *arg) {
  cast *c = arg;
  troupe_actor_set_state(a, c);
  int err = troupe_actor_spawn(a, &c->opts, &c->pid, NULL);
  if (!err && c->kill_at_once) err = troupe_kill(troupe_actor_system(a), c->pid);
  return err;
}
static inline int cast_receive(troupe_actor *a, const troupe_message *m) {
  (void)a, (void)m;
  return TROUPE_OK;
}
static inline void cast_child(troupe_actor *a, troupe_child *child, troupe_child_event event) {
  cast *c = troupe_actor_state(a);
  if (event == TROUPE_CHILD_STARTED) c->started++;
  if (event == TROUPE_CHILD_EXITED) {
    const troupe_exit *why = troupe_child_reason(child);
    c->class_ = why->class_;
    c->code = why->code;
    snprintf(c->reason, sizeof c->reason, "%s", why->reason ? why->reason : "");
    snprintf(c->traceback, sizeof c->traceback, "%s", why->traceback ? why->traceback : "");
    c->exits++;
    if (c->restarts_left) {
      c->restarts_left--;
      troupe_child_restart(a, child);
    } else {
      troupe_child_release(a, child);
    }
  }
  if (event == TROUPE_CHILD_GONE) {
    troupe_actor_exit(a, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
    c->gone = 1;
  }
}
static const troupe_behavior cast_behavior = {.size = sizeof cast_behavior,
                                              .name = "parent",
                                              .init = cast_init,
                                              .receive = cast_receive,
                                              .child = cast_child};

/* What most tests grant. */
static inline troupe_grants *cast_grants(void) {
  troupe_grants *g;
  assert_int_equal(troupe_grants_new(&g, NULL), TROUPE_OK);
  assert_int_equal(troupe_grants_add_all_names(g), TROUPE_OK);
  assert_int_equal(troupe_grants_add_tool(g, "echo"), TROUPE_OK);
  assert_int_equal(troupe_grants_add_tool(g, "broken"), TROUPE_OK);
  assert_int_equal(troupe_grants_add_tool(g, "missing"), TROUPE_OK);
  assert_int_equal(troupe_grants_set_spawn(g, 500), TROUPE_OK);
  troupe_grants_seal(g);
  return g;
}

/* Starts a script under a parent. */
static inline void cast_start(stage *s, cast *c, const troupe_script *script) {
  char msg[512] = "";
  c->s = s;
  int err = trp_script_spawn_opts(s->w.sys, script, &c->opts, msg, sizeof msg);
  if (err) print_error("%s\n", msg);
  assert_int_equal(err, TROUPE_OK);
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &cast_behavior;
  o.arg = c;
  troupe_pid parent;
  assert_int_equal(troupe_spawn(s->w.sys, &parent, &o), TROUPE_OK);
}

/* Waits until the script is gone: with a virtual clock at most an hour of it, else ten seconds. */
static inline void cast_end(cast *c) {
  if (c->s->workers == 0) {
    for (int i = 0; i < 3600 && !c->gone; i++)
      world_pass(&c->s->w, 1000);
  } else {
    for (int i = 0; i < 10000 && !c->gone; i++)
      usleep(1000);
  }
  if (!c->gone) print_error("the script has not ended\n");
  assert_true(c->gone);
}

/* Runs a source to its end, with the usual grants. */
static inline void cast_run(stage *s, cast *c, const char *source) {
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = source;
  script.chunk_name = "test";
  troupe_grants *g = cast_grants();
  script.grants = g;
  memset(c, 0, sizeof *c);
  cast_start(s, c, &script);
  troupe_grants_unref(g);
  cast_end(c);
}

static inline void expect_class(const cast *c, troupe_exit_class want) {
  if (c->class_ != want) {
    print_error("ended with %s: %s\n%s\n", troupe_exit_class_name(c->class_), c->reason,
                c->traceback);
  }
  assert_int_equal(c->class_, want);
}

/* A source that is expected to end normally, in a system of its own. */
static inline void play(const char *source) {
  stage s;
  cast c;
  stage_start(&s, 0);
  cast_run(&s, &c, source);
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

#endif
