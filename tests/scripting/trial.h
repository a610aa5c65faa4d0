/* A trial: one scene, a script that uses one part of what scripts can do, played to its end beside
 * partners written in C, while the test does it some harm. However it ends, nothing may be left.
 *
 *   victim    the script, under the parent of stage.h
 *   partner   answers, keeps asks, asks back; registered as "partner"
 *   narrow    a mailbox of one message, which it can leave full for a while; registered as "narrow"
 *   witness   asks the victim something and monitors it: exactly one result of each is due
 *
 * One thread and, but for tools, a virtual clock: the n-th trial of a scene repeats the one before
 * it up to the harm. */
#ifndef TRP_TESTS_TRIAL_H
#define TRP_TESTS_TRIAL_H

#include "tests/scripting/stage.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <troupe/batteries.h>
#include <troupe/json.h>
#include <troupe/tool.h>

#include "actors/actor.h"
#include "actors/base/thread.h"
#include "actors/system.h"
#include "tests/scripting/scenes.h"

/* The thread sanitizer has little to see in one thread, and is slow: a part of the trials will do.
 */
enum { TRIAL_STEP = TRP_UNDER_TSAN ? 7 : 1 };

typedef struct trial trial;
struct trial {
  stage s;
  const scene *scene;
  char dir[32];       /* what its files are in; granted for writing */
  char dir_value[33]; /* the same, encoded */
  pthread_t thread;
  troupe_allocator below; /* the system's own, under trial_realloc */
  _Atomic long fail_in;   /* the request for memory that fails, counted from now; 0: none */
  _Atomic bool failed;    /* it has */
  cast victim;
  probe partner, narrow, witness;
  troupe_pid partners[3];
  _Atomic unsigned asked, answered, watched, downs; /* by witness and partner; of the victim */
  unsigned unsheltered; /* requests for memory that the victim made outside of native halves */
  size_t base_bytes;    /* alive in the system while no trial is on */
  bool began;
  /* What the test does, or NULL: once the victim has been spawned, and before each turn then. */
  void (*begin)(trial *t);
  void (*between)(trial *t);
  trp_points points;  /* of the victim's; `at` is the test's */
  long seen, harm_at; /* points so far; the one at which harm is done */
};

/* The victim while it runs inside the frame, or NULL. */
static inline troupe_actor *trial_inside(trial *t) {
  trp_worker *w = &t->s.w.sys->sched.workers[0];
  if (!w->frame.in_actor || !w->running || w->running->pid.id != t->victim.pid.id) return NULL;
  return t->victim.pid.id ? w->running : NULL;
}
static inline trp_frame *trial_frame(trial *t) { return &t->s.w.sys->sched.workers[0].frame; }

/* Every request of the victim's for memory comes from inside of a native half. */
static void *trial_realloc(void *ctx, void *p, size_t old_size, size_t new_size) {
  trial *t = ctx;
  if (pthread_equal(pthread_self(), t->thread) && trial_inside(t) && !trial_frame(t)->native)
    t->unsheltered++;
  if (new_size > old_size && atomic_load(&t->fail_in) > 0 &&
      atomic_fetch_sub(&t->fail_in, 1) == 1) {
    atomic_store(&t->failed, true);
    return NULL;
  }
  return t->below.realloc(t->below.ctx, p, old_size, new_size);
}

/* ---- the partners -------------------------------------------------------------------------- */

static inline bool is_kind(const troupe_message *m, const char *kind) {
  return m->type <= TROUPE_MESSAGE_ASK && strcmp(m->kind, kind) == 0;
}

/* Asks the victim; one answer is due for it. */
static inline void trial_ask(troupe_actor *a, trial *t, troupe_pid to) {
  troupe_send_opts opts = {.size = sizeof opts, .timeout_ms = 60000};
  uint64_t id;
  if (troupe_actor_ask(a, to, "question", "\x91\x01", 2, &opts, &id) == TROUPE_OK) t->asked++;
}

static int partner_receive(troupe_actor *a, probe *p, const troupe_message *m) {
  uint64_t id;
  if (is_kind(m, "echo")) troupe_actor_reply(a, m->data, m->len);
  if (is_kind(m, "never")) {
    int err = troupe_actor_keep_ask(a, &id);
    if (err) troupe_actor_reply_error(a, err, NULL);
  }
  if (is_kind(m, "poke")) trial_ask(a, p->user, m->from);
  return TROUPE_OK;
}
static void partner_resume(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)a, (void)e;
  ((trial *)p->user)->answered++;
}

/* Takes nothing for 5 ms. */
static int narrow_receive(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)p;
  uint64_t id;
  if (is_kind(m, "hold")) {
    int err = troupe_actor_timer(a, 5, 0, true, NULL, &id);
    if (err) troupe_actor_reply_error(a, err, NULL);
    troupe_actor_block(a, err == TROUPE_OK);
  }
  return TROUPE_OK;
}
static void narrow_resume(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_block(a, false);
}

static int witness_receive(troupe_actor *a, probe *p, const troupe_message *m) {
  trial *t = p->user;
  uint64_t id;
  if (m->type == TROUPE_MESSAGE_DOWN) t->downs++;
  if (is_kind(m, "go")) {
    troupe_pid victim;
    memcpy(&victim, m->data, sizeof victim);
    trial_ask(a, t, victim);
    if (troupe_actor_monitor(a, victim, &id) == TROUPE_OK) t->watched++;
  }
  return TROUPE_OK;
}

static inline troupe_pid enlist(trial *t, probe *p, const char *name, uint32_t mailbox) {
  p->user = t;
  troupe_spawn_opts o = probe_opts(p);
  o.name = name;
  o.mailbox_messages = mailbox;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(t->s.w.sys, &pid, &o), TROUPE_OK);
  world_settle(&t->s.w);
  return pid;
}

/* Sends the witness to somebody. */
static inline void trial_watch(trial *t, troupe_pid victim) {
  (void)troupe_tell(t->s.w.sys, t->partners[2], "go", &victim, sizeof victim);
}

static inline void enlist_all(trial *t) {
  t->partner = (probe){.script = {.receive = partner_receive, .resume = partner_resume}};
  t->narrow = (probe){.script = {.receive = narrow_receive, .resume = narrow_resume}};
  t->witness = (probe){.script = {.receive = witness_receive, .resume = partner_resume}};
  t->partners[0] = enlist(t, &t->partner, "partner", 0);
  t->partners[1] = enlist(t, &t->narrow, "narrow", 1);
  t->partners[2] = enlist(t, &t->witness, "witness", 0);
}

/* ---- the stage ----------------------------------------------------------------------------- */

static inline void trial_put(trial *t, const char *name, const char *text) {
  char path[96];
  snprintf(path, sizeof path, "%s/%s", t->dir, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
  close(fd);
}

static inline void trial_open(trial *t, const scene *which, int workers) {
  memset(t, 0, sizeof *t);
  t->scene = which;
  snprintf(t->dir, sizeof t->dir, "/tmp/troupe-trial-XXXXXX");
  assert_non_null(mkdtemp(t->dir));
  snprintf(t->dir_value, sizeof t->dir_value, "%c%s", 0xa0 + (int)strlen(t->dir), t->dir);
  trial_put(t, "helper.lua", "return { value = 7 }");
  trial_put(t, "broken.lua", "return +");
  trial_put(t, "child.lua", "local troupe = require 'troupe' return troupe.receive()");
  stage_start(&t->s, workers);
  troupe_system *sys = t->s.w.sys;
  assert_int_equal(troupe_batteries_register(sys), TROUPE_OK);
  assert_int_equal(troupe_json_register(sys), TROUPE_OK);
  t->below = sys->allocator;
  if (workers) return;
  t->thread = pthread_self();
  sys->allocator = (troupe_allocator){.realloc = trial_realloc, .ctx = t};
}

static inline void trial_close(trial *t) {
  if (t->s.workers == 0) t->s.w.sys->allocator = t->below;
  stage_stop(&t->s);
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", t->dir);
  assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

static inline uint64_t actors_now(trial *t) {
  troupe_stats stats;
  troupe_system_stats(t->s.w.sys, &stats);
  return stats.actors;
}

/* ---- the play ------------------------------------------------------------------------------ */

/* What stands before each scene. */
#define TRIAL_PRELUDE                                                                              \
  "local troupe = require 'troupe'\n"                                                              \
  "local partner, narrow = troupe.whereis 'partner', troupe.whereis 'narrow'\n"                    \
  "local dir = troupe.args\n"                                                                      \
  "local function must(v, e)\n"                                                                    \
  "  if not v then error(type(e) == 'string' and { code = e, message = e } or e, 0) end\n"         \
  "  return v\n"                                                                                   \
  "end\n"                                                                                          \
  "local function fails(v, e, ...)\n"                                                              \
  "  assert(not v)\n"                                                                              \
  "  local code = type(e) == 'table' and e.code or e\n"                                            \
  "  for _, wanted in ipairs { ... } do if code == wanted then return end end\n"                   \
  "  must(false, e)\n"                                                                             \
  "end\n"

static inline troupe_grants *trial_grants(trial *t) {
  troupe_grants *g;
  assert_int_equal(troupe_grants_new(&g, NULL), TROUPE_OK);
  assert_int_equal(troupe_grants_add_all_names(g), TROUPE_OK);
  assert_int_equal(troupe_grants_add_tool(g, "console"), TROUPE_OK);
  assert_int_equal(troupe_grants_add_tool(g, "missing"), TROUPE_OK);
  assert_int_equal(troupe_grants_add_exec(g, "/bin/cat"), TROUPE_OK);
  assert_int_equal(troupe_grants_add_fs(g, t->dir, true), TROUPE_OK);
  assert_int_equal(troupe_grants_set_spawn(g, 10), TROUPE_OK);
  troupe_grants_seal(g);
  return g;
}

/* A script of this text behind the prelude; grants and text are borrowed. */
static inline troupe_script trial_script(trial *t, const char *name, const char *text,
                                         troupe_grants *grants) {
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = text;
  script.chunk_name = name;
  script.root = t->dir;
  script.args = t->dir_value;
  script.args_len = 1 + strlen(t->dir);
  script.grants = grants;
  return script;
}

static inline void trial_spawn_victim(trial *t) {
  static char text[8192];
  snprintf(text, sizeof text, "%s%s", TRIAL_PRELUDE, t->scene->source);
  troupe_grants *grants = trial_grants(t);
  troupe_script script = trial_script(t, t->scene->name, text, grants);
  memset(&t->victim, 0, sizeof t->victim);
  cast_start(&t->s, &t->victim, &script);
  troupe_grants_unref(grants);
}

/* Lets everybody run until nobody can, then moves the clock: to the next timer, or by 1 ms for each
 * 0.1 ms that the threads of tools may need. False: there is nothing to wait for. */
static inline bool trial_pass(trial *t) {
  troupe_system *sys = t->s.w.sys;
  do {
    if (!t->began && t->victim.pid.id) { /* its parent has just spawned it */
      t->began = true;
      trial_watch(t, t->victim.pid);
      if (t->begin) t->begin(t);
    }
    if (t->between && t->began && !t->victim.gone && trp_sched_runnable(sys)) t->between(t);
  } while (troupe_system_step(sys, 0));
  int64_t next = troupe_system_next_ms(sys);
  if (t->scene->tools) {
    trp_system_nap(sys);
    next = 1;
  }
  if (next < 0) return false;
  atomic_fetch_add(&t->s.w.now.ns, (uint64_t)next * TRP_NS_PER_MS);
  return true;
}

static inline void trial_expect_left(trial *t, const char *what, uint64_t is, uint64_t wanted) {
  if (is == wanted) return;
  size_t tail = t->s.log_len > 1000 ? t->s.log_len - 1000 : 0;
  print_error("%s, harm at %ld: %s: %llu, not %llu\n...%s\n", t->scene ? t->scene->name : "",
              t->harm_at, what, (unsigned long long)is, (unsigned long long)wanted,
              t->s.log + tail);
  fail();
}

static inline uint32_t trial_attempts(trial *t) {
  static const char *const tools[] = {"echo",   "console", "exec",    "fs.list",
                                      "sqlite", "gunzip",  "fs.read", "fs.write"};
  uint32_t open = 0;
  for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
    troupe_tool_info info = {.size = sizeof info};
    assert_int_equal(troupe_tool_read_info(t->s.w.sys, tools[i], &info), TROUPE_OK);
    open += info.open;
  }
  return open;
}

/* Waits, as threads of tools may still be busy with what nobody waits for: until as much memory is
 * alive as before. Before the first trial it is unknown how much that is; then until no attempt is
 * under way and nothing has changed for a while. */
static inline void trial_expect_bytes(trial *t) {
  size_t bytes = atomic_load(&t->s.w.memory.live_bytes);
  unsigned same = 0;
  for (int i = 0; i < 100000 && (t->base_bytes ? bytes != t->base_bytes : same < 1000); i++) {
    bool more = trial_pass(t);
    size_t now = atomic_load(&t->s.w.memory.live_bytes);
    same = now == bytes && trial_attempts(t) == 0 ? same + 1 : 0;
    bytes = now;
    if (!more) break;
  }
  if (!t->base_bytes) t->base_bytes = bytes;
  trial_expect_left(t, "bytes", bytes, t->base_bytes);
}

/* Everybody has been told, and each message has had its end. */
static inline void trial_expect_told(trial *t) {
  trial_expect_left(t, "answers of the victim", t->answered, t->asked);
  trial_expect_left(t, "news of its end", t->downs, t->watched);
  troupe_stats stats;
  troupe_system_stats(t->s.w.sys, &stats);
  uint64_t dead = 0;
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++)
    if (i != TROUPE_DEAD_LATE_REPLY) dead += stats.dead[i];
  trial_expect_left(t, "messages handled or dead", stats.handled + dead, stats.sent);
}

static inline void trial_expect_nothing_left(trial *t) {
  trial_expect_bytes(t);
  trial_expect_left(t, "bytes taken outside of native halves", t->unsheltered, 0);
  trial_expect_told(t);
}

/* One trial. The harm, if any, is done by the callbacks. */
static inline void trial_play(trial *t) {
  world_pass(&t->s.w, UINT64_C(3600000)); /* the breakers of tools forget the trial before */
  t->seen = 0;
  t->began = false;
  t->asked = t->answered = t->watched = t->downs = t->unsheltered = 0;
  uint64_t base = actors_now(t);
  enlist_all(t);
  trial_spawn_victim(t);
  for (int i = 0; !t->victim.gone; i++)
    if ((!trial_pass(t) || i == 100000) && !t->victim.gone) trial_expect_left(t, "hangs", 1, 0);
  atomic_store(&t->fail_in, 0);
  for (int i = 0; i < 3; i++) {
    world_settle(&t->s.w);
    troupe_stop(t->s.w.sys, t->partners[i]);
  }
  world_settle(&t->s.w);
  trial_expect_left(t, "actors", actors_now(t), base);
  trial_expect_nothing_left(t);
}

#endif
