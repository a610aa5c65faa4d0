/* A supervisor under a virtual clock, with children that do as they are told and write down in
 * order what happens to them:
 *
 *   +a  init began and succeeds    !a  init fails    ~a  stop was called    -a  the generation
 * ended
 */
#ifndef TRP_TESTS_TREE_H
#define TRP_TESTS_TREE_H

#include "tests/actors/world.h"

#include <troupe/supervisor.h>

#define KIDS 8

typedef struct tree tree;

typedef struct kid {
  char id[8];
  tree *tree;
  int refs;           /* arg_ref and arg_unref */
  int fail_inits;     /* so many of the next inits fail; -1: all */
  int fail_from;      /* inits from this one on fail; 0: never */
  bool slow_init;     /* init waits for kid_started */
  bool deaf;          /* does not stop before it is killed */
  uint32_t stop_ms;   /* stops after this long */
  bool crash_in_stop; /* ends with an error while it stops */
  int inits, finis, works;
  bool up;
  uint32_t generation;
  troupe_pid pid;
  troupe_actor *self; /* while a generation lives; for slow_init */
  uint64_t init_at_ms, fini_at_ms;
} kid;

struct tree {
  world w;
  kid kids[KIDS];
  troupe_child_spec specs[KIDS];
  troupe_supervisor_spec spec;
  troupe_pid pid;
  char trace[4096];
  char log[16384];
  unsigned log_lines;
  int ends; /* calls of on_end */
  troupe_exit_class end_class;
  int end_code;
  char end_reason[512];
  uint64_t end_at_ms;
};

static inline uint64_t tree_ms(const tree *t) { return atomic_load(&t->w.now.ns) / TRP_NS_PER_MS; }

static inline void trace(tree *t, char what, const char *id) {
  size_t len = strlen(t->trace);
  if (len + 16 < sizeof t->trace) {
    snprintf(t->trace + len, sizeof t->trace - len, "%s%c%s", len ? " " : "", what, id);
  }
}

/* ---- the child ----------------------------------------------------------------------------- */

static inline void kid_ref(void *arg) { ((kid *)arg)->refs++; }
static inline void kid_unref(void *arg) { ((kid *)arg)->refs--; }

static inline int kid_init(troupe_actor *a, void *arg) {
  kid *k = arg;
  k->inits++;
  k->init_at_ms = tree_ms(k->tree);
  k->pid = troupe_actor_pid(a);
  k->generation = troupe_actor_generation(a);
  bool fails = k->fail_inits != 0 || (k->fail_from && k->inits >= k->fail_from);
  if (fails) {
    if (k->fail_inits > 0) k->fail_inits--;
    trace(k->tree, '!', k->id);
    return TROUPE_E_TOOL;
  }
  troupe_actor_set_state(a, k);
  k->self = a;
  k->up = true;
  trace(k->tree, '+', k->id);
  return k->slow_init ? TROUPE_PENDING : TROUPE_OK;
}
static inline int kid_receive(troupe_actor *a, const troupe_message *m) {
  kid *k = troupe_actor_state(a);
  k->works++;
  if (strcmp(m->kind, "crash") == 0) return TROUPE_E_ERROR;
  if (strcmp(m->kind, "normal") == 0) troupe_actor_exit(a, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
  if (strcmp(m->kind, "shutdown") == 0) troupe_actor_exit(a, TROUPE_EXIT_SHUTDOWN, 0, NULL, NULL);
  if (strcmp(m->kind, "memory") == 0) troupe_actor_exit(a, TROUPE_EXIT_MEMORY_LIMIT, 0, NULL, NULL);
  return TROUPE_OK;
}
static inline void kid_resume(troupe_actor *a, const troupe_event *e) {
  (void)e;
  troupe_actor_stopped(a);
}
static inline int kid_stop(troupe_actor *a, const troupe_exit *why) {
  kid *k = troupe_actor_state(a);
  uint64_t timer;
  trace(k->tree, '~', k->id);
  if (why->class_ != TROUPE_EXIT_SHUTDOWN) return TROUPE_OK;
  if (k->deaf) return TROUPE_PENDING;
  if (!k->stop_ms) return TROUPE_OK;
  return troupe_actor_timer(a, k->stop_ms, 0, true, NULL, &timer) ? TROUPE_OK : TROUPE_PENDING;
}
static inline void kid_fini(troupe_actor *a) {
  kid *k = troupe_actor_state(a);
  if (!k) return;
  k->finis++;
  k->fini_at_ms = tree_ms(k->tree);
  k->up = false;
  k->self = NULL;
  trace(k->tree, '-', k->id);
}
static const troupe_behavior kid_behavior = {.size = sizeof kid_behavior,
                                             .name = "kid",
                                             .init = kid_init,
                                             .receive = kid_receive,
                                             .resume = kid_resume,
                                             .stop = kid_stop,
                                             .fini = kid_fini};

/* ---- the tree ------------------------------------------------------------------------------ */

static inline void tree_log(void *ctx, troupe_log_level level, const char *line, size_t len) {
  tree *t = ctx;
  size_t used = strlen(t->log);
  if (level < TROUPE_LOG_WARN || !memmem(line, len, "supervisor: ", 12)) return;
  t->log_lines++;
  if (used + len + 2 < sizeof t->log) {
    snprintf(t->log + used, sizeof t->log - used, "%.*s\n", (int)len, line);
  }
}

static inline void tree_end(void *ctx, const troupe_exit *why) {
  tree *t = ctx;
  t->ends++;
  t->end_class = why->class_;
  t->end_code = why->code;
  t->end_at_ms = tree_ms(t);
  snprintf(t->end_reason, sizeof t->end_reason, "%s", why->reason ? why->reason : "");
}

static inline int tree_try_open(tree *t, long fail_at) {
  memset(t, 0, sizeof *t);
  atomic_store(&t->w.now.ns, 1000 * TRP_NS_PER_S);
  faulty_init(&t->w.memory, fail_at);
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 0;
  cfg.seed = 7;
  cfg.allocator = &t->w.memory.allocator;
  cfg.clock = world_clock;
  cfg.clock_ctx = &t->w;
  cfg.log = tree_log;
  cfg.log_ctx = t;
  cfg.on_dead_letter = world_dead;
  cfg.on_dead_letter_ctx = &t->w;
  cfg.max_actors = 4096;
  return troupe_system_start(&t->w.sys, &cfg);
}

/* Fills in child i: "a", "b", ... */
static inline void tree_kid(tree *t, unsigned i) {
  kid *k = &t->kids[i];
  snprintf(k->id, sizeof k->id, "%c", (char)('a' + i));
  k->tree = t;
  t->specs[i] = (troupe_child_spec){
      .id = k->id, .start = TROUPE_SPAWN_INIT, .arg_ref = kid_ref, .arg_unref = kid_unref};
  t->specs[i].start.behavior = &kid_behavior;
  t->specs[i].start.arg = k;
}

/* A system, and a spec with n permanent children a, b, c, ...; no jitter. Nothing is started. */
static inline void tree_open(tree *t, troupe_strategy strategy, unsigned n) {
  assert_int_equal(tree_try_open(t, 0), TROUPE_OK);
  for (unsigned i = 0; i < KIDS; i++)
    tree_kid(t, i);
  t->spec = (troupe_supervisor_spec)TROUPE_SUPERVISOR_SPEC_INIT;
  t->spec.strategy = strategy;
  t->spec.backoff.jitter = TROUPE_JITTER_NONE;
  t->spec.children = t->specs;
  t->spec.children_len = n;
}

static inline int tree_try_start(tree *t) {
  const troupe_supervisor_opts opts = {
      .size = sizeof opts, .name = "top", .on_end = tree_end, .on_end_ctx = t};
  int err = troupe_supervisor_start(t->w.sys, &t->pid, &t->spec, &opts, NULL, 0);
  if (err == TROUPE_OK) world_settle(&t->w);
  return err;
}

static inline void tree_start(tree *t) { assert_int_equal(tree_try_start(t), TROUPE_OK); }

static inline void tree_close(tree *t) {
  world_stop(&t->w);
  for (unsigned i = 0; i < KIDS; i++) {
    assert_int_equal(t->kids[i].refs, 0);
    assert_false(t->kids[i].up);
  }
}

/* Forgets the trace and the log. */
static inline void tree_clear(tree *t) {
  t->trace[0] = t->log[0] = '\0';
  t->log_lines = 0;
}

static inline kid *tree_find(tree *t, char id) { return &t->kids[id - 'a']; }

/* Sends without running anything. */
static inline void tree_send(tree *t, char id, const char *kind) {
  assert_int_equal(troupe_tell(t->w.sys, tree_find(t, id)->pid, kind, NULL, 0), TROUPE_OK);
}

/* Sends a command to a child and runs what follows from it, with the clock standing still. */
static inline void tree_tell(tree *t, char id, const char *kind) {
  tree_send(t, id, kind);
  world_settle(&t->w);
}

static inline void tree_pass(tree *t, uint64_t ms) { world_pass(&t->w, ms); }

/* The table of children of a supervisor; freed by the caller. */
static inline char *tree_table(tree *t, troupe_pid pid) {
  void *reply = NULL;
  size_t len = 0;
  int err =
      troupe_ask_wait(t->w.sys, pid, NULL, TROUPE_ASK_CHILDREN, NULL, 0, &reply, &len, NULL, 0);
  assert_int_equal(err, TROUPE_OK);
  char *text = malloc(len + 1);
  assert_non_null(text);
  if (len) memcpy(text, reply, len);
  text[len] = '\0';
  troupe_reply_free(t->w.sys, reply, len);
  return text;
}

#endif
