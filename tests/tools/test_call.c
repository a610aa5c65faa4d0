#include "tests/test.h"

#include <troupe/grants.h>
#include <troupe/system.h>
#include <troupe/tool.h>

#include <pthread.h>
#include <stdatomic.h>

/* ---- a caller that notes what becomes of its calls ----------------------------------------- */

typedef struct note {
  int code;
  troupe_outcome outcome;
  uint32_t attempts;
  uint64_t retry_after_ms;
  char text[32]; /* the failure's code, or the value */
} note;

typedef struct bench {
  troupe_system *sys;
  bool stepped; /* workers = 0 */
  troupe_grants *grants;
  _Atomic uint64_t clock_ns;
  uint32_t timeout_ms;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int count;  /* results */
  int starts; /* calls begun or refused at once */
  int start_err;
  note notes[256];
} bench;

static void note_event(bench *b, const troupe_event *e) {
  pthread_mutex_lock(&b->lock);
  note *n = &b->notes[b->count++ % 256];
  *n = (note){.code = e->code};
  if (e->code == TROUPE_OK) {
    snprintf(n->text, sizeof n->text, "%.*s", (int)e->len, (const char *)e->data);
  } else {
    const troupe_call_failure *f = e->data;
    n->outcome = f->outcome;
    n->attempts = f->attempts;
    n->retry_after_ms = f->retry_after_ms;
    snprintf(n->text, sizeof n->text, "%s", f->code);
  }
  pthread_cond_broadcast(&b->changed);
  pthread_mutex_unlock(&b->lock);
}

static int caller_init(troupe_actor *self, void *arg) {
  troupe_actor_set_state(self, arg);
  return TROUPE_OK;
}

/* A message's kind is "call" or "many", its payload the tool's name; "many" calls 70 times. */
static int caller_receive(troupe_actor *self, const troupe_message *m) {
  bench *b = troupe_actor_state(self);
  char tool[65];
  snprintf(tool, sizeof tool, "%.*s", (int)m->len, (const char *)m->data);
  troupe_call_opts opts = {
      .size = sizeof opts, .timeout_ms = b->timeout_ms, .grants = b->grants, .user = b};
  int times = strcmp(m->kind, "many") == 0 ? 70 : 1;
  for (int i = 0; i < times; i++) {
    uint64_t id;
    int err = troupe_actor_call(self, tool, "args", 4, &opts, &id);
    bool give_up = err == 0 && strcmp(m->kind, "cancel") == 0;
    if (give_up && !troupe_actor_cancel_call(self, id)) err = TROUPE_E_ERROR;
    pthread_mutex_lock(&b->lock);
    b->starts++;
    if (err) b->start_err = err;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
  }
  return TROUPE_OK;
}

static void caller_resume(troupe_actor *self, const troupe_event *e) {
  (void)self;
  note_event(e->user, e);
}

static const troupe_behavior caller = {.size = sizeof caller,
                                       .name = "caller",
                                       .init = caller_init,
                                       .receive = caller_receive,
                                       .resume = caller_resume};

static uint64_t read_clock(void *ctx) {
  bench *b = ctx;
  return atomic_load(&b->clock_ns);
}

static void quiet(void *ctx, troupe_log_level level, const char *line, size_t len) {
  (void)ctx, (void)level, (void)line, (void)len;
}

/* workers 0: with a virtual clock. tools: NULL-terminated names that may be called. */
static void bench_open(bench *b, int workers, const troupe_allocator *al,
                       const char *const *tools) {
  memset(b, 0, sizeof *b);
  pthread_mutex_init(&b->lock, NULL);
  pthread_cond_init(&b->changed, NULL);
  b->stepped = workers == 0;
  atomic_store(&b->clock_ns, UINT64_C(1000000000));
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = workers;
  cfg.seed = 7;
  cfg.log = quiet;
  cfg.allocator = al;
  if (b->stepped) {
    cfg.clock = read_clock;
    cfg.clock_ctx = b;
  }
  assert_int_equal(troupe_system_start(&b->sys, &cfg), 0);
  assert_int_equal(troupe_grants_new(&b->grants, NULL), 0);
  for (; *tools; tools++)
    assert_int_equal(troupe_grants_add_tool(b->grants, *tools), 0);
  troupe_grants_seal(b->grants);
}

static void bench_close(bench *b) {
  assert_int_equal(troupe_system_stop(b->sys, 5000), 0);
  troupe_system_free(b->sys);
  troupe_grants_unref(b->grants);
  pthread_cond_destroy(&b->changed);
  pthread_mutex_destroy(&b->lock);
}

static void nap(void) {
  struct timespec t = {.tv_nsec = 1000000};
  nanosleep(&t, NULL);
}

static int results(bench *b, bool starts) {
  pthread_mutex_lock(&b->lock);
  int n = starts ? b->starts : b->count;
  pthread_mutex_unlock(&b->lock);
  return n;
}

/* Waits until there are n results (or starts); ten seconds at most. */
static void wait_for(bench *b, bool starts, int n) {
  for (int i = 0; i < 10000 && results(b, starts) < n; i++) {
    if (b->stepped) troupe_system_step(b->sys, 0);
    nap();
  }
  assert_int_equal(results(b, starts), n);
}

static troupe_pid bench_spawn(bench *b) {
  troupe_pid pid;
  troupe_spawn_opts opts = TROUPE_SPAWN_INIT;
  opts.behavior = &caller;
  opts.arg = b;
  assert_int_equal(troupe_spawn(b->sys, &pid, &opts), 0);
  return pid;
}

static void bench_tell(bench *b, troupe_pid to, const char *kind, const char *tool) {
  assert_int_equal(troupe_tell(b->sys, to, kind, tool, strlen(tool)), 0);
}

/* One call, and its note. */
static note bench_call(bench *b, troupe_pid pid, const char *tool) {
  int n = results(b, false);
  bench_tell(b, pid, "call", tool);
  wait_for(b, false, n + 1);
  return b->notes[n % 256];
}

/* ---- tools --------------------------------------------------------------------------------- */

typedef struct fake {
  _Atomic int runs;
  _Atomic int cancels;
  _Atomic int freed;
  int fail_first; /* this many runs fail with `how` */
  troupe_outcome how;
  _Atomic bool open; /* gate: a hanging tool ends when it is */
  bool polls;        /* a hanging tool ends when it is cancelled */
  bool proves;       /* failures prove non-execution */
  uint64_t retry_after_ms;
  troupe_call *later;
} fake;

static void flaky(troupe_call *call, void *user) {
  fake *f = user;
  int n = atomic_fetch_add(&f->runs, 1);
  if (n >= f->fail_first) {
    troupe_call_finish(call, "value", 5);
    return;
  }
  if (f->proves) troupe_call_set_not_executed(call);
  if (f->retry_after_ms) troupe_call_set_retry_after(call, f->retry_after_ms);
  troupe_call_fail(call, f->how, "EFAKE", "it failed");
}

static void hang(troupe_call *call, void *user) {
  fake *f = user;
  atomic_fetch_add(&f->runs, 1);
  while (!atomic_load(&f->open) && !(f->polls && troupe_call_cancelled(call)))
    nap();
  size_t len;
  const void *args = troupe_call_args(call, &len);
  troupe_call_finish(call, args, len);
  troupe_call_finish(call, args, len); /* a second end is ignored */
}

static void silent(troupe_call *call, void *user) { (void)call, (void)user; }

static void start_later(troupe_call *call, void *user) {
  fake *f = user;
  atomic_fetch_add(&f->runs, 1);
  troupe_call_set_state(call, f);
  if (atomic_load(&f->open)) troupe_call_finish(call, "now", 3);
}

static void cancel_later(troupe_call *call, void *user) {
  fake *f = troupe_call_state(call);
  assert_ptr_equal(f, user);
  atomic_fetch_add(&f->cancels, 1);
  troupe_call_fail(call, TROUPE_OUTCOME_CANCELLED, "cancelled", "cancelled");
}

static void on_free(void *user) { atomic_fetch_add(&((fake *)user)->freed, 1); }

static const troupe_tool_ops flaky_ops = {.size = sizeof flaky_ops, .run = flaky, .free = on_free};
static const troupe_tool_ops hang_ops = {.size = sizeof hang_ops, .run = hang};
static const troupe_tool_ops silent_ops = {.size = sizeof silent_ops, .run = silent};
static const troupe_tool_ops later_ops = {
    .size = sizeof later_ops, .start = start_later, .cancel = cancel_later};

static const char *const all_tools[] = {"flaky", "hang", "silent", "later", NULL};

static void add_tool(bench *b, const char *name, const troupe_tool_ops *ops, fake *f,
                     troupe_tool_policy policy) {
  char msg[200];
  policy.size = sizeof policy;
  int err = troupe_tool_register(b->sys, name, ops, f, &policy, msg, sizeof msg);
  if (err) print_message("%s\n", msg);
  assert_int_equal(err, 0);
}

static troupe_tool_info info_of(bench *b, const char *name) {
  troupe_tool_info info = {.size = sizeof info};
  assert_int_equal(troupe_tool_read_info(b->sys, name, &info), 0);
  return info;
}

static void wait_idle(bench *b, const char *tool) {
  for (int i = 0; i < 10000 && info_of(b, tool).open > 0; i++) {
    if (b->stepped) troupe_system_step(b->sys, 0);
    nap();
  }
  assert_int_equal(info_of(b, tool).open, 0);
  assert_int_equal(info_of(b, tool).orphans, 0);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void a_call_brings_its_value(void **state) {
  (void)state;
  for (int workers = 0; workers < 3; workers++) {
    bench b;
    fake f = {0}, l = {.open = true};
    bench_open(&b, workers, NULL, all_tools);
    add_tool(&b, "flaky", &flaky_ops, &f, (troupe_tool_policy){0});
    add_tool(&b, "later", &later_ops, &l, (troupe_tool_policy){0});
    troupe_pid pid = bench_spawn(&b);
    note n = bench_call(&b, pid, "flaky");
    assert_int_equal(n.code, 0);
    assert_string_equal(n.text, "value");
    assert_string_equal(bench_call(&b, pid, "later").text, "now");
    troupe_stats stats;
    troupe_system_stats(b.sys, &stats);
    assert_int_equal(stats.calls, 2);
    assert_int_equal(stats.call_failures, 0);
    wait_idle(&b, "later");
    bench_close(&b);
    assert_int_equal(f.freed, 1);
  }
}

static void what_does_not_exist_or_is_not_granted_never_runs(void **state) {
  (void)state;
  static const char *const nothing[] = {NULL};
  bench b;
  fake f = {.fail_first = 100, .how = TROUPE_OUTCOME_TRANSIENT};
  bench_open(&b, 1, NULL, nothing);
  add_tool(&b, "flaky", &flaky_ops, &f, (troupe_tool_policy){0});
  troupe_pid pid = bench_spawn(&b);
  note n = bench_call(&b, pid, "nowhere");
  assert_int_equal(n.code, TROUPE_E_NOT_FOUND);
  assert_string_equal(n.text, "not_found");
  for (int i = 0; i < 10; i++) {
    n = bench_call(&b, pid, "flaky");
    assert_int_equal(n.code, TROUPE_E_DENIED);
    assert_int_equal(n.outcome, TROUPE_OUTCOME_REJECTED);
    assert_int_equal(n.attempts, 0);
  }
  assert_int_equal(f.runs, 0);
  assert_string_equal(info_of(&b, "flaky").breaker, "closed");
  bench_close(&b);
}

static void transient_failures_are_retried_after_their_delay(void **state) {
  (void)state;
  bench b;
  fake f = {.fail_first = 2, .how = TROUPE_OUTCOME_TRANSIENT};
  bench_open(&b, 0, NULL, all_tools);
  add_tool(&b, "flaky", &flaky_ops, &f, (troupe_tool_policy){.idempotent = true, .base_ms = 1000});
  troupe_pid pid = bench_spawn(&b);
  bench_tell(&b, pid, "call", "flaky");
  for (int attempt = 1; attempt <= 3; attempt++) {
    for (int i = 0; i < 10000 && f.runs < attempt; i++) {
      troupe_system_step(b.sys, 0);
      nap();
    }
    assert_int_equal(f.runs, attempt);
    wait_idle(&b, "flaky");
    for (int i = 0; i < 20; i++)
      troupe_system_step(b.sys, 0);
    if (attempt == 3) break;
    assert_int_equal(f.runs, attempt); /* the clock stands still, and so does the retry */
    atomic_fetch_add(&b.clock_ns, UINT64_C(2000000000));
  }
  wait_for(&b, false, 1);
  assert_string_equal(b.notes[0].text, "value");
  troupe_stats stats;
  troupe_system_stats(b.sys, &stats);
  assert_int_equal(stats.retries, 2);
  assert_int_equal(stats.call_failures, 0);
  bench_close(&b);
}

static void only_what_is_safe_is_retried(void **state) {
  (void)state;
  struct {
    troupe_outcome how;
    bool idempotent, proves;
    int runs;
    int code;
  } cases[] = {
      {TROUPE_OUTCOME_PERMANENT, true, false, 1, TROUPE_E_TOOL},
      {TROUPE_OUTCOME_TRANSIENT, true, false, 3, TROUPE_E_TOOL},
      {TROUPE_OUTCOME_TRANSIENT, false, false, 1, TROUPE_E_TOOL},
      {TROUPE_OUTCOME_TRANSIENT, false, true, 3, TROUPE_E_TOOL},
      {TROUPE_OUTCOME_REJECTED, true, false, 1, TROUPE_E_TOOL},
      {TROUPE_OUTCOME_THROTTLED, false, false, 3, TROUPE_E_TOOL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bench b;
    fake f = {.fail_first = 100, .how = cases[i].how, .proves = cases[i].proves};
    bench_open(&b, 1, NULL, all_tools);
    add_tool(&b, "flaky", &flaky_ops, &f,
             (troupe_tool_policy){.idempotent = cases[i].idempotent, .base_ms = 1, .max_ms = 1});
    note n = bench_call(&b, bench_spawn(&b), "flaky");
    assert_int_equal(n.code, cases[i].code);
    assert_int_equal(n.outcome, cases[i].how);
    assert_int_equal(n.attempts, cases[i].runs);
    assert_int_equal(f.runs, cases[i].runs);
    assert_string_equal(n.text, "EFAKE");
    bench_close(&b);
  }
}

static void a_tool_that_returns_nothing_has_failed(void **state) {
  (void)state;
  bench b;
  bench_open(&b, 1, NULL, all_tools);
  add_tool(&b, "silent", &silent_ops, NULL, (troupe_tool_policy){0});
  note n = bench_call(&b, bench_spawn(&b), "silent");
  assert_string_equal(n.text, "no_result");
  bench_close(&b);
}

static void a_hanging_tool_is_given_up_but_keeps_its_place(void **state) {
  (void)state;
  bench b;
  fake f = {0};
  bench_open(&b, 1, NULL, all_tools);
  add_tool(&b, "hang", &hang_ops, &f, (troupe_tool_policy){.attempt_ms = 400, .max_open = 1});
  troupe_pid pid = bench_spawn(&b);
  note n = bench_call(&b, pid, "hang");
  assert_int_equal(n.code, TROUPE_E_TIMEOUT);
  assert_int_equal(n.outcome, TROUPE_OUTCOME_TIMEOUT);
  assert_string_equal(n.text, "timeout");
  troupe_tool_info info = info_of(&b, "hang");
  assert_int_equal(info.open, 1);
  assert_int_equal(info.orphans, 1);
  n = bench_call(&b, pid, "hang");
  assert_string_equal(n.text, "bulkhead_full");
  atomic_store(&f.open, true);
  wait_idle(&b, "hang");
  assert_int_equal(info_of(&b, "hang").late, 1);
  assert_string_equal(bench_call(&b, pid, "hang").text, "args");
  assert_int_equal(results(&b, false), 3); /* the late result reached nobody */
  bench_close(&b);
}

static void an_impatient_caller_does_not_open_the_circuit(void **state) {
  (void)state;
  bench b;
  fake f = {.polls = true};
  bench_open(&b, 1, NULL, all_tools);
  b.timeout_ms = 2;
  add_tool(&b, "hang", &hang_ops, &f, (troupe_tool_policy){0});
  troupe_pid pid = bench_spawn(&b);
  for (int i = 0; i < 8; i++)
    assert_int_equal(bench_call(&b, pid, "hang").code, TROUPE_E_TIMEOUT);
  wait_idle(&b, "hang");
  assert_string_equal(info_of(&b, "hang").breaker, "closed");
  bench_close(&b);
}

static void five_failures_open_the_circuit_and_a_probe_closes_it(void **state) {
  (void)state;
  bench b;
  fake f = {.fail_first = 5, .how = TROUPE_OUTCOME_TRANSIENT};
  bench_open(&b, 0, NULL, all_tools);
  add_tool(&b, "flaky", &flaky_ops, &f,
           (troupe_tool_policy){.breaker_open_ms = 1000, .breaker_probes = 1});
  troupe_pid pid = bench_spawn(&b);
  for (int i = 0; i < 5; i++)
    assert_string_equal(bench_call(&b, pid, "flaky").text, "EFAKE");
  assert_string_equal(info_of(&b, "flaky").breaker, "open");
  note n = bench_call(&b, pid, "flaky");
  assert_int_equal(n.code, TROUPE_E_CIRCUIT_OPEN);
  assert_int_equal(n.outcome, TROUPE_OUTCOME_REJECTED);
  assert_in_range(n.retry_after_ms, 1, 1300);
  assert_int_equal(f.runs, 5);
  atomic_fetch_add(&b.clock_ns, UINT64_C(2000000000));
  assert_string_equal(info_of(&b, "flaky").breaker, "half_open");
  assert_string_equal(bench_call(&b, pid, "flaky").text, "value");
  assert_string_equal(info_of(&b, "flaky").breaker, "closed");
  troupe_stats stats;
  troupe_system_stats(b.sys, &stats);
  assert_int_equal(stats.breaker_trips, 1);
  assert_int_equal(stats.calls, 7);
  assert_int_equal(stats.call_failures, 6);
  bench_close(&b);
}

static void attempts_that_hang_open_the_circuit(void **state) {
  (void)state;
  bench b;
  fake f = {.polls = true};
  bench_open(&b, 1, NULL, all_tools);
  add_tool(&b, "hang", &hang_ops, &f, (troupe_tool_policy){.attempt_ms = 40});
  troupe_pid pid = bench_spawn(&b);
  for (int hung = 0;
       hung < 5;) { /* on a busy machine some never get a thread: those do not count */
    note n = bench_call(&b, pid, "hang");
    if (strcmp(n.text, "queue_timeout") == 0) continue;
    assert_string_equal(n.text, "timeout");
    hung++;
  }
  assert_string_equal(bench_call(&b, pid, "hang").text, "circuit_open");
  wait_idle(&b, "hang");
  assert_int_equal(info_of(&b, "hang").trips, 1);
  bench_close(&b);
}

static void without_policies_nothing_is_retried_or_refused(void **state) {
  (void)state;
  bench b;
  fake f = {.fail_first = 10, .how = TROUPE_OUTCOME_TRANSIENT};
  bench_open(&b, 1, NULL, all_tools);
  add_tool(&b, "flaky", &flaky_ops, &f,
           (troupe_tool_policy){.preset_none = true, .idempotent = true});
  troupe_pid pid = bench_spawn(&b);
  for (int i = 0; i < 10; i++)
    assert_int_equal(bench_call(&b, pid, "flaky").attempts, 1);
  assert_string_equal(bench_call(&b, pid, "flaky").text, "value");
  bench_close(&b);
}

static void a_killed_caller_leaves_nothing_behind(void **state) {
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    bench b;
    fake h = {.polls = kind == 0}, l = {0};
    bench_open(&b, 2, NULL, all_tools);
    add_tool(&b, "hang", &hang_ops, &h, (troupe_tool_policy){0});
    add_tool(&b, "later", &later_ops, &l, (troupe_tool_policy){0});
    troupe_pid pid = bench_spawn(&b);
    bench_tell(&b, pid, "call", "hang");
    bench_tell(&b, pid, "call", "later");
    for (int i = 0; i < 10000 && (h.runs == 0 || l.runs == 0); i++)
      nap();
    assert_int_equal(troupe_kill(b.sys, pid), 0);
    wait_idle(&b, "later");
    assert_int_equal(l.cancels, 1);
    if (kind == 1) {
      for (int i = 0; i < 10000 && info_of(&b, "hang").orphans == 0; i++)
        nap();
      assert_int_equal(info_of(&b, "hang").orphans, 1);
      atomic_store(&h.open, true);
    }
    wait_idle(&b, "hang");
    assert_int_equal(info_of(&b, "hang").late, 1);
    assert_int_equal(results(&b, false), 0);
    bench_close(&b);
  }
}

static void a_cancelled_call_brings_no_event(void **state) {
  (void)state;
  bench b;
  fake f = {0};
  bench_open(&b, 1, NULL, all_tools);
  add_tool(&b, "later", &later_ops, &f, (troupe_tool_policy){0});
  add_tool(&b, "flaky", &flaky_ops, &f, (troupe_tool_policy){0});
  troupe_pid pid = bench_spawn(&b);
  bench_tell(&b, pid, "cancel", "later");
  bench_tell(&b, pid, "cancel", "nowhere");
  wait_for(&b, true, 2);
  assert_int_equal(b.start_err, 0);
  bench_call(&b, pid, "flaky");
  wait_idle(&b, "later");
  assert_int_equal(results(&b, false), 1);
  bench_close(&b);
}

static void an_actor_has_at_most_64_open_calls(void **state) {
  (void)state;
  bench b;
  fake f = {0};
  bench_open(&b, 1, NULL, all_tools);
  add_tool(&b, "hang", &hang_ops, &f, (troupe_tool_policy){0});
  troupe_pid pid = bench_spawn(&b);
  bench_tell(&b, pid, "many", "hang");
  wait_for(&b, true, 70);
  assert_int_equal(b.start_err, TROUPE_E_LIMIT);
  atomic_store(&f.open, true);
  wait_for(&b, false, 64);
  assert_int_equal(f.runs, 64);
  bench_close(&b);
}

static void waiting_for_a_thread_is_not_the_tools_fault(void **state) {
  (void)state;
  bench b;
  fake f = {0};
  bench_open(&b, 1, NULL, all_tools);
  add_tool(&b, "hang", &hang_ops, &f,
           (troupe_tool_policy){.attempt_ms = 50, .breaker_failures = 64});
  troupe_pid pid = bench_spawn(&b);
  bench_tell(&b, pid, "many", "hang");
  wait_for(&b, false, 64);
  int queued = 0;
  for (int i = 0; i < 64; i++)
    queued += strcmp(b.notes[i].text, "queue_timeout") == 0;
  assert_int_equal(queued, 64 - f.runs);
  atomic_store(&f.open, true);
  wait_idle(&b, "hang");
  assert_int_equal(info_of(&b, "hang").late, (int)f.runs);
  bench_close(&b);
}

static void bad_tools_are_refused_with_a_sentence(void **state) {
  (void)state;
  bench b;
  char msg[200];
  troupe_tool_ops none = {.size = sizeof none},
                  both = {.size = sizeof both, .run = flaky, .start = start_later};
  bench_open(&b, 0, NULL, all_tools);
  troupe_tool_policy p = {.size = sizeof p, .attempts = 2};
  assert_int_equal(troupe_tool_register(b.sys, "t", &flaky_ops, NULL, &p, msg, sizeof msg),
                   TROUPE_E_INVALID);
  assert_non_null(strstr(msg, "idempotent"));
  assert_int_equal(troupe_tool_register(b.sys, "t", &none, NULL, NULL, msg, sizeof msg),
                   TROUPE_E_INVALID);
  assert_int_equal(troupe_tool_register(b.sys, "t", &both, NULL, NULL, NULL, 0), TROUPE_E_INVALID);
  assert_int_equal(troupe_tool_register(b.sys, "", &flaky_ops, NULL, NULL, NULL, 0),
                   TROUPE_E_INVALID);
  p = (troupe_tool_policy){.size = sizeof p, .idempotent = true, .base_ms = 100, .max_ms = 10};
  assert_int_equal(troupe_tool_register(b.sys, "t", &flaky_ops, NULL, &p, msg, sizeof msg),
                   TROUPE_E_INVALID);
  p = (troupe_tool_policy){.size = sizeof p, .breaker_probes = 1000};
  assert_int_equal(troupe_tool_register(b.sys, "t", &flaky_ops, NULL, &p, msg, sizeof msg),
                   TROUPE_E_INVALID);
  assert_non_null(strstr(msg, "probes"));
  fake f = {0};
  assert_int_equal(troupe_tool_register(b.sys, "t", &flaky_ops, &f, NULL, msg, sizeof msg), 0);
  assert_string_equal(msg, "");
  assert_int_equal(troupe_tool_register(b.sys, "t", &flaky_ops, &f, NULL, msg, sizeof msg),
                   TROUPE_E_ALREADY_REGISTERED);
  bench_close(&b);
  assert_int_equal(f.freed, 1);
}

/* The n-th allocation fails while calls are made; whatever happens, nothing is left at the end. */
static void calls_cope_without_memory(void **state) {
  (void)state;
  long first = 0;
  for (long n = 0;; n++) {
    bench b;
    faulty m;
    fake f = {.fail_first = 1, .how = TROUPE_OUTCOME_TRANSIENT};
    faulty_init(&m, 0);
    bench_open(&b, 0, &m.allocator, all_tools);
    add_tool(&b, "flaky", &flaky_ops, &f, (troupe_tool_policy){.idempotent = true, .base_ms = 1});
    troupe_pid pid = bench_spawn(&b);
    for (int i = 0; i < 10; i++)
      troupe_system_step(b.sys, 0);
    bench_tell(&b, pid, "call", "flaky");
    first = m.calls;
    m.fail_at = n ? first + n : 0;
    for (int i = 0; i < 10000; i++) {
      troupe_system_step(b.sys, 0);
      if (b.count || b.start_err) break;
      atomic_fetch_add(&b.clock_ns, 1000000);
      struct timespec t = {.tv_nsec = 100000};
      nanosleep(&t, NULL);
    }
    assert_true(b.count == 1 || b.start_err != 0);
    if (b.start_err) assert_int_equal(b.start_err, TROUPE_E_NO_MEMORY);
    bool reached = n == 0 || m.calls >= first + n;
    m.fail_at = 0;
    bench_close(&b);
    faulty_check(&m);
    if (!reached) break;
  }
}

static void many_callers_share_a_tool(void **state) {
  (void)state;
  bench b;
  fake f = {.fail_first = 3, .how = TROUPE_OUTCOME_TRANSIENT};
  bench_open(&b, 2, NULL, all_tools);
  add_tool(&b, "flaky", &flaky_ops, &f,
           (troupe_tool_policy){.idempotent = true, .base_ms = 1, .max_ms = 2});
  troupe_pid pids[8];
  for (int i = 0; i < 8; i++)
    pids[i] = bench_spawn(&b);
  for (int round = 0; round < 25; round++)
    for (int i = 0; i < 8; i++)
      bench_tell(&b, pids[i], "call", "flaky");
  wait_for(&b, true, 200);
  wait_for(&b, false, 200);
  troupe_stats stats;
  troupe_system_stats(b.sys, &stats);
  assert_int_equal(stats.calls, 200);
  assert_int_equal(stats.call_failures, 0);
  assert_int_equal(stats.retries, 3);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_brings_its_value),
      cmocka_unit_test(what_does_not_exist_or_is_not_granted_never_runs),
      cmocka_unit_test(transient_failures_are_retried_after_their_delay),
      cmocka_unit_test(only_what_is_safe_is_retried),
      cmocka_unit_test(a_tool_that_returns_nothing_has_failed),
      cmocka_unit_test(a_hanging_tool_is_given_up_but_keeps_its_place),
      cmocka_unit_test(an_impatient_caller_does_not_open_the_circuit),
      cmocka_unit_test(five_failures_open_the_circuit_and_a_probe_closes_it),
      cmocka_unit_test(attempts_that_hang_open_the_circuit),
      cmocka_unit_test(without_policies_nothing_is_retried_or_refused),
      cmocka_unit_test(a_killed_caller_leaves_nothing_behind),
      cmocka_unit_test(a_cancelled_call_brings_no_event),
      cmocka_unit_test(an_actor_has_at_most_64_open_calls),
      cmocka_unit_test(waiting_for_a_thread_is_not_the_tools_fault),
      cmocka_unit_test(bad_tools_are_refused_with_a_sentence),
      cmocka_unit_test(calls_cope_without_memory),
      cmocka_unit_test(many_callers_share_a_tool),
  };
  return run_tests(tests);
}
