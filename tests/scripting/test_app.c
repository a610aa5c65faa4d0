/* Loading and starting apps: what app.lua may say, and one sentence for each thing that it may not.
 */
#include "tests/test.h"

#include <ftw.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <troupe/app.h>
#include <troupe/system.h>
#include <troupe/tool.h>

#include "scripting/app.h"
#include "scripting/limits.h"
#include "tools/registry.h"

typedef struct bench {
  troupe_system *sys;
  char dir[64];
  char msg[512];
  troupe_app *app;
  faulty memory;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool ended;
  troupe_exit_class why;
  char log[8192];
} bench;

static void put_file(bench *b, const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", b->dir, name);
  FILE *f = fopen(path, "we");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static void echo_run(troupe_call *call, void *user) {
  size_t len;
  (void)user;
  const void *args = troupe_call_args(call, &len);
  troupe_call_finish(call, args, len);
}

static void note_log(void *ctx, troupe_log_level level, const char *line, size_t len) {
  bench *b = ctx;
  (void)level;
  pthread_mutex_lock(&b->lock);
  size_t have = strlen(b->log);
  snprintf(b->log + have, sizeof b->log - have, "%.*s\n", (int)len, line);
  pthread_mutex_unlock(&b->lock);
}

static int open_with(void **state, int workers) {
  bench *b = calloc(1, sizeof *b);
  if (!b) return -1;
  snprintf(b->dir, sizeof b->dir, "/tmp/troupe-app-XXXXXX");
  if (!mkdtemp(b->dir)) return -1;
  pthread_mutex_init(&b->lock, NULL);
  pthread_cond_init(&b->changed, NULL);
  faulty_init(&b->memory, 0);
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = workers;
  cfg.allocator = &b->memory.allocator;
  cfg.log = note_log;
  cfg.log_ctx = b;
  cfg.log_min = TROUPE_LOG_INFO;
  assert_int_equal(troupe_system_start(&b->sys, &cfg), TROUPE_OK);
  const troupe_tool_ops ops = {.size = sizeof ops, .run = echo_run};
  const troupe_tool_policy policy = {.size = sizeof policy, .attempt_ms = 7000};
  assert_int_equal(troupe_tool_register(b->sys, "echo", &ops, NULL, &policy, NULL, 0), 0);
  put_file(b, "idle.lua", "local t = require 'troupe'\nreturn t.actor 'idle'\n");
  put_file(b, "bad.lua", "local x =\n= 1\n");
  *state = b;
  return 0;
}

static int open_bench(void **state) { return open_with(state, 1); }
static int open_stepped(void **state) { return open_with(state, 0); }

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static int close_bench(void **state) {
  bench *b = *state;
  troupe_app_free(b->app);
  assert_int_equal(troupe_system_stop(b->sys, 5000), TROUPE_OK);
  troupe_system_free(b->sys);
  faulty_check(&b->memory);
  nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* NOLINT(concurrency-mt-unsafe) */
  pthread_cond_destroy(&b->changed);
  pthread_mutex_destroy(&b->lock);
  free(b);
  return 0;
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, open_bench, close_bench)

/* Writes app.lua with that text and loads it. */
static int load_text(bench *b, const char *text, int argc, char *const argv[]) {
  static unsigned number; /* files are read once for each system */
  char name[32], path[128];
  troupe_app_free(b->app);
  snprintf(name, sizeof name, "app%u.lua", ++number);
  put_file(b, name, text);
  snprintf(path, sizeof path, "%s/%s", b->dir, name);
  return troupe_app_load(b->sys, path, argc, argv, &b->app, b->msg, sizeof b->msg);
}

/* The body of troupe.app { ... }. */
static int load_body(bench *b, const char *body) {
  char text[2048];
  snprintf(text, sizeof text, "local troupe = require 'troupe'\nreturn troupe.app { %s }\n", body);
  return load_text(b, text, 0, NULL);
}

static void expect_message(bench *b, int err, int code, const char *part) {
  if (err != code || !strstr(b->msg, part))
    print_error("%d: %s\n   wanted: %s\n", err, b->msg, part);
  assert_int_equal(err, code);
  assert_non_null(strstr(b->msg, part));
  assert_null(b->app);
}

static void the_full_example_loads(void **state) {
  bench *b = *state;
  int err = load_body(
      b, "tools = { twice = { kind = 'echo', idempotent = true, timeout = { total_ms = 30000 },"
         "  retry = { attempts = 4, base_ms = 10, max_ms = 100, factor = 3 },"
         "  breaker = { consecutive = 2, open_ms = 500, probes = 1 } },"
         "  echo = { preset = 'none', timeout = { attempt_ms = 10 } } },"
         "strategy = 'rest_for_one', max_restarts = 0, window_ms = 1000, sticky_done = true,"
         "backoff = { min_ms = 1, max_ms = 10, factor = 1.5, jitter = 0, reset_ms = 5,"
         "  max_attempts = 'unlimited', first_delayed = true },"
         "auto_shutdown = 'any_significant', escalation_timeout_ms = 'infinity', x_own = {},"
         "children = {"
         " { id = 'a', name = 'aa', script = 'idle.lua', restart = 'transient', significant = true,"
         "   args = { start = 5 }, shutdown_ms = 'kill', init_timeout_ms = 10, max_restarts = 2,"
         "   window_ms = 100, on_limit = 'quarantine', x_note = 'mine',"
         "   limits = { memory_bytes = 1 << 20, message_bytes = 1000, cpu_ms_per_message = 100,"
         "     log_bytes_per_s = 100 },"
         "   permissions = { tools = { 'echo', 'twice' }, names = { '*' }, exec = { '/bin/true' },"
         "     net = { '127.0.0.1:80' }, spawn = 3,"
         "     fs = { { root = '/tmp' }, { root = '/', mode = 'rw' } } },"
         "   priority = 'high', mailbox = { messages = 5, bytes = 5000, overflow = 'fail' } },"
         " { id = 'group', type = 'supervisor', strategy = 'one_for_all', max_restarts = 7,"
         "   shutdown_ms = 'infinity', children = { { id = 'a', script = 'idle.lua' },"
         "   { id = 'empty', type = 'supervisor', children = {} } } } }");
  if (err) print_error("%s\n", b->msg);
  assert_int_equal(err, TROUPE_OK);
  size_t actors, supervisors;
  troupe_app_count(b->app, &actors, &supervisors);
  assert_int_equal(actors, 2);
  assert_int_equal(supervisors, 3);
  const troupe_supervisor_spec *s = &b->app->spec;
  assert_int_equal(s->strategy, TROUPE_REST_FOR_ONE);
  assert_int_equal(s->max_restarts, TROUPE_RESTARTS_NONE);
  assert_int_equal(s->escalation_timeout_ms, TROUPE_INFINITY);
  assert_true(s->backoff.jitter == TROUPE_JITTER_NONE && s->backoff.factor == 1.5);
  assert_int_equal(s->backoff.max_attempts, TROUPE_ATTEMPTS_UNLIMITED);
  const troupe_child_spec *a = &s->children[0];
  assert_string_equal(a->id, "a");
  assert_string_equal(a->start.name, "aa");
  assert_int_equal(a->restart, TROUPE_TRANSIENT);
  assert_int_equal(a->shutdown_ms, TROUPE_SHUTDOWN_KILL);
  assert_int_equal(a->max_restarts, 2);
  assert_int_equal(a->on_limit, TROUPE_ON_LIMIT_QUARANTINE);
  assert_int_equal(a->start.mailbox_messages, 5);
  assert_int_equal(a->start.overflow, TROUPE_OVERFLOW_FAIL);
  assert_int_equal(a->start.priority, TROUPE_PRIORITY_HIGH);
  const trp_script *script = a->start.arg;
  assert_int_equal(script->limits.memory_bytes, 1 << 20);
  assert_int_equal(script->limits.log_bytes_per_s, 100);
  assert_true(trp_grants_may_tool(script->grants, "twice", 5));
  assert_true(trp_grants_may_name(script->grants, "anything", 8));
  assert_int_equal(trp_grants_spawn(script->grants), 3);
  assert_int_equal(s->children[1].supervisor->strategy, TROUPE_ONE_FOR_ALL);
  assert_int_equal(s->children[1].supervisor->max_restarts, 7);
}

static const struct {
  const char *body, *message;
} wrong_bodies[] = {
    {"", "app.children: is missing"},
    {"children = {}", "app.children: is empty"},
    {"children = 5", "app.children: must be a list"},
    {"children = { 5 }", "app.children[1]: must be a table with named fields"},
    {"stratgy = 'one_for_one', children = {}", "app.stratgy: unknown key; known are strategy,"},
    {"strategy = 'simple', children = {}",
     "app.strategy: must be \"one_for_one\", \"one_for_all\", \"rest_for_one\" or \"escalate\""},
    {"max_restarts = -1, children = {}",
     "app.max_restarts: must be an integer between 0 and 1000000"},
    {"max_restarts = 1.5, children = {}", "app.max_restarts: must be an integer"},
    {"max_restarts = '3', children = {}", "app.max_restarts: must be an integer"},
    {"window_ms = 0, children = {}", "app.window_ms: must be an integer between 1 and"},
    {"sticky_done = 1, children = {}", "app.sticky_done: must be true or false"},
    {"backoff = { min = 3 }, children = {}", "app.backoff.min: unknown key"},
    {"backoff = { factor = 0.5 }, children = {}", "app.backoff.factor: must be a number between"},
    {"backoff = { jitter = 2 }, children = {}", "app.backoff.jitter: must be a number between"},
    {"escalation_timeout_ms = 'never', children = {}",
     "app.escalation_timeout_ms: must be an integer between 1 and 2147483647, or \"infinity\""},
    {"children = { { script = 'idle.lua' } }", "app.children[1].id: is missing"},
    {"children = { { id = '', script = 'idle.lua' } }", "app.children[1].id: must not be empty"},
    {"children = { { id = 'a' } }", "app.children[1].script: is missing"},
    {"children = { { id = 'a', script = 'no.lua' } }", "no.lua"},
    {"children = { { id = 'a', type = 'worker', script = 'idle.lua' } }",
     "app.children[1].type: must be \"script\" or \"supervisor\""},
    {"children = { { id = 'a', script = 'idle.lua' }, { id = 'a', script = 'idle.lua' } }",
     "app.children[2].id: 'a' is also the id of children[1]"},
    {"children = { { id = 'a', script = 'idle.lua', name = 'n' },"
     "{ id = 'b', script = 'idle.lua', name = 'n' } }",
     "app.children[2].name: is already the name of another child"},
    {"children = { { id = 'a', script = 'idle.lua', significant = true } }",
     "app.children[1].significant: needs an auto_shutdown"},
    {"children = { { id = 's', type = 'supervisor', children = { { id = 'x' } } } }",
     "app.children[1].children[1].script: is missing"},
    {"children = { { id = 's', type = 'supervisor', children = {"
     "{ id = 'x', script = 'idle.lua', significant = true } } } }",
     "app.children[1].children[1].significant: needs"},
    {"children = { { id = 's', type = 'supervisor', script = 'idle.lua' } }",
     "app.children[1].script: unknown key"},
    {"children = { { id = 'a', script = 'idle.lua', shutdown_ms = 0 } }",
     "app.children[1].shutdown_ms: must be an integer between 1 and 2147483647, or "
     "\"infinity\" or \"kill\""},
    {"children = { { id = 'a', script = 'idle.lua', limits = { memory_bytes = 5 } } }",
     "app.children[1].limits.memory_bytes: must be an integer between 65536 and"},
    {"children = { { id = 'a', script = 'idle.lua', limits = { message_bytes = 1 << 24 } } }",
     "app.children[1].limits.message_bytes: must be an integer between 1 and 1048576"},
    {"children = { { id = 'a', script = 'idle.lua', mailbox = { messages = 0 } } }",
     "app.children[1].mailbox.messages: must be"},
    {"children = { { id = 'a', script = 'idle.lua', priority = 'low' } }",
     "app.children[1].priority: must be \"normal\" or \"high\""},
    {"children = { { id = 'a', script = 'idle.lua', mailbox = { overflow = 'drop' } } }",
     "app.children[1].mailbox.overflow: must be \"wait\", \"fail\", \"drop_new\", \"drop_old\" or "
     "\"stop\""},
    {"children = { { id = 'a', script = 'idle.lua', permissions = { tools = { 'gone' } } } }",
     "app.children[1].permissions.tools[1]: there is no tool \"gone\"; known are echo"},
    {"children = { { id = 'a', script = 'idle.lua', permissions = { exec = { 'ls' } } } }",
     "app.children[1].permissions.exec[1]: must be an absolute path"},
    {"children = { { id = 'a', script = 'idle.lua', permissions = { fs = { '/' } } } }",
     "app.children[1].permissions.fs[1]: must be a table"},
    {"children = { { id = 'a', script = 'idle.lua', permissions = { fs = { {} } } } }",
     "app.children[1].permissions.fs[1]"},
    {"children = { { id = 'a', script = 'idle.lua',"
     "permissions = { fs = { { root = '/no/such/place' } } } } }",
     "app.children[1].permissions.fs[1].root: /no/such/place: "},
    {"children = { { id = 'a', script = 'idle.lua',"
     "permissions = { fs = { { root = '/', mode = 'w' } } } } }",
     "app.children[1].permissions.fs[1].mode: must be \"r\" or \"rw\""},
    {"children = { { id = 'a', script = 'idle.lua', permissions = { spawn = -1 } } }",
     "app.children[1].permissions.spawn: must be"},
    {"tools = { fetch = { kind = 'http' } }, children = {}",
     "app.tools.fetch.kind: there is no tool \"http\"; known are echo"},
    {"tools = { fetch = {} }, children = {}",
     "app.tools.fetch: there is no tool \"fetch\" and no kind is given"},
    {"tools = { e = { kind = 'echo', retry = { attempts = 3 } } }, children = {}",
     "app.tools.e: tool \"e\": attempts > 1 needs idempotent"},
    {"tools = { e = { kind = 'echo', preset = 'none', retry = {} } }, children = {}",
     "app.tools.e.retry: has no place beside preset"},
    {"tools = { e = { kind = 'echo', timeout = { total = 1 } } }, children = {}",
     "app.tools.e.timeout.total: unknown key"},
    {"tools = { e = { kind = 'echo', breaker = { probes = 17 } } }, children = {}",
     "app.tools.e.breaker.probes: must be an integer between 1 and 16"},
};

static void each_wrong_field_is_named_with_its_path(void **state) {
  bench *b = *state;
  for (size_t i = 0; i < sizeof wrong_bodies / sizeof *wrong_bodies; i++) {
    int err = load_body(b, wrong_bodies[i].body);
    expect_message(b, err, err == -ENOENT ? -ENOENT : TROUPE_E_INVALID, wrong_bodies[i].message);
  }
}

static const struct {
  const char *text, *message;
} wrong_files[] = {
    {"local x = = 3", "lua:1: unexpected symbol"},
    {"\nerror 'boom'", "lua:2: boom"},
    {"local t = require 'troupe'\nreturn t.app { children = { { run = print } } }",
     "lua:2: cannot send a function (at app.children[1].run)"},
    {"local t = require 'troupe'\nlocal a = {}\na.a = a\nreturn t.app(a)", "lua:4: "},
    {"local t = require 'troupe'\nreturn t.app(5)", "lua:2: bad argument #1"},
    {"return 5", "must end with `return troupe.app { ... }`"},
    {"", "must end with `return troupe.app { ... }`"},
    {"return require 'troupe'.actor 'a'", "must end with `return troupe.app { ... }`"},
    {"local t = {}\nfor i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end", "app"},
    {"return require 'troupe'.app { x_big = ('x'):rep(1 << 20) }", "lua:1: "},
};

static void a_file_that_is_no_app_is_named_with_its_line(void **state) {
  bench *b = *state;
  for (size_t i = 0; i < sizeof wrong_files / sizeof *wrong_files; i++) {
    int err = load_text(b, wrong_files[i].text, 0, NULL);
    expect_message(b, err, TROUPE_E_SCRIPT, wrong_files[i].message);
  }
  int err = troupe_app_load(b->sys, "/no/such/app.lua", 0, NULL, &b->app, b->msg, sizeof b->msg);
  expect_message(b, err, -ENOENT, "app.lua");
  err = load_body(b, "children = { { id = 'a', script = 'bad.lua' } }");
  expect_message(b, err, TROUPE_E_SCRIPT, "bad.lua:2: ");
}

static const struct {
  const char *text, *message; /* NULL: it loads */
} bounds[] = {
    {"for i = 1, 4096 do c[i] = { id = 'c' .. i, script = 'idle.lua' } end", NULL},
    {"for i = 1, 4097 do c[i] = { id = 'c' .. i, script = 'idle.lua' } end",
     "app.children: has more than 4096 entries"},
    {"local at = c for i = 1, 15 do at[1] = { id = 's', type = 'supervisor', children = {} } "
     "at = at[1].children end",
     NULL},
    {"local at = c for i = 1, 16 do at[1] = { id = 's', type = 'supervisor', children = {} } "
     "at = at[1].children end",
     "lua:2: cannot send tables nested this deep"},
    {"c[1] = { id = ('x'):rep(64), script = 'idle.lua' }", NULL},
    {"c[1] = { id = ('x'):rep(65), script = 'idle.lua' }",
     "app.children[1].id: must have 1 to 64 bytes"},
    {"c[1] = { id = 'a\\0b', script = 'idle.lua' }",
     "app.children[1].id: must not contain NUL bytes"},
    {"c[1] = { id = 'a', script = ('x'):rep(5000) }", "app.children[1].script: must have 1 to"},
    {"local n = {} for i = 1, 1024 do n[i] = 'n' .. i end "
     "c[1] = { id = 'a', script = 'idle.lua', permissions = { names = n } }",
     NULL},
    {"local n = {} for i = 1, 1025 do n[i] = 'n' .. i end "
     "c[1] = { id = 'a', script = 'idle.lua', permissions = { names = n } }",
     "app.children[1].permissions.names: has more than 1024 entries"},
    {"c[1] = { id = 'a', script = 'idle.lua', permissions = { tools = { ('t'):rep(65) } } }",
     "app.children[1].permissions.tools[1]: there is no tool"},
};

static void each_bound_holds(void **state) {
  bench *b = *state;
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    char text[1024];
    snprintf(text, sizeof text, "local c = {} %s\nreturn require 'troupe'.app { children = c }",
             bounds[i].text);
    int err = load_text(b, text, 0, NULL);
    const char *wanted = bounds[i].message ? bounds[i].message : "";
    bool right = bounds[i].message ? err && strstr(b->msg, wanted) : !err;
    if (!right) print_error("%s\n%d: %s\n", bounds[i].text, err, b->msg);
    assert_true(right);
  }
}

/* Each limit at both ends of its range, and just outside. */
static void limits_have_their_ranges(void **state) {
  bench *b = *state;
  static const struct {
    const char *name;
    uint64_t least, most;
  } limits[] = {
#define X(NAME, field, standard, lowest, highest, what) {#field, lowest, highest},
      TRP_LIMIT_MAP(X)
#undef X
  };
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    uint64_t least = limits[i].least, most = limits[i].most;
    if (strcmp(limits[i].name, "message_bytes") == 0) most = 1 << 20; /* the system's own */
    const uint64_t values[] = {least, most, least - 1, most + 1};
    for (int v = 0; v < 4; v++) {
      char text[256], path[64];
      snprintf(text, sizeof text,
               "children = { { id = 'a', script = 'idle.lua', limits = { %s = %llu } } }",
               limits[i].name, (unsigned long long)values[v]);
      snprintf(path, sizeof path, "app.children[1].limits.%s: must be an integer", limits[i].name);
      int err = load_body(b, text);
      if (v < 2)
        assert_int_equal(err, TROUPE_OK);
      else
        expect_message(b, err, TROUPE_E_INVALID, path);
    }
  }
}

static void note_end(void *ctx, const troupe_exit *why) {
  bench *b = ctx;
  pthread_mutex_lock(&b->lock);
  b->ended = true;
  b->why = why->class_;
  pthread_cond_signal(&b->changed);
  pthread_mutex_unlock(&b->lock);
}

static troupe_exit_class run_to_end(bench *b) {
  troupe_supervisor_opts opts = {.size = sizeof opts, .on_end = note_end, .on_end_ctx = b};
  troupe_pid pid;
  int err = troupe_app_start(b->sys, &pid, b->app, &opts, b->msg, sizeof b->msg);
  if (err) print_error("%s\n", b->msg);
  assert_int_equal(err, TROUPE_OK);
  troupe_app_free(b->app); /* at once: what is needed has been copied */
  b->app = NULL;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 20;
  pthread_mutex_lock(&b->lock);
  while (!b->ended && pthread_cond_timedwait(&b->changed, &b->lock, &until) == 0) {
  }
  bool ended = b->ended;
  pthread_mutex_unlock(&b->lock);
  assert_true(ended);
  return b->why;
}

static void an_app_runs_until_its_significant_child_is_done(void **state) {
  bench *b = *state;
  put_file(b, "main.lua",
           "local troupe = require 'troupe'\nlocal args = ...\n"
           "local got = troupe.call('twice', { v = args.n })\n"
           "troupe.log.info('got ' .. got.v .. ' for ' .. args.who)\n");
  char *const argv[] = {(char[]){"me"}, (char[]){"three"}};
  int err =
      load_text(b,
                "local troupe = require 'troupe'\nlocal who, n = ...\nlocal list = {}\n"
                "for i = 1, 20 do list[i] = { id = 'w' .. i, script = 'idle.lua' } end\n"
                "list[#list + 1] = { id = 'main', script = 'main.lua', restart = 'temporary',\n"
                "  significant = true, args = { who = who, n = #n }, permissions = { tools = { "
                "'twice' } } }\n"
                "return troupe.app { auto_shutdown = 'any_significant', children = list,\n"
                "  tools = { twice = { kind = 'echo' } } }\n",
                2, argv);
  if (err) print_error("%s\n", b->msg);
  assert_int_equal(err, TROUPE_OK);
  assert_int_equal(run_to_end(b), TROUPE_EXIT_SHUTDOWN);
  pthread_mutex_lock(&b->lock);
  bool said = strstr(b->log, "got 5 for me") != NULL;
  if (!said) print_error("%s\n", b->log);
  pthread_mutex_unlock(&b->lock);
  assert_true(said);
}

static void an_app_that_cannot_go_on_ends_with_its_reason(void **state) {
  bench *b = *state;
  put_file(b, "fails.lua", "local t = require 'troupe'\nt.sleep(1)\nerror 'no way'\n");
  assert_int_equal(load_body(b, "max_restarts = 1, backoff = { min_ms = 1, max_ms = 1 },"
                                "children = { { id = 'f', script = 'fails.lua' } }"),
                   TROUPE_OK);
  assert_int_equal(run_to_end(b), TROUPE_EXIT_MAX_RESTARTS);
}

static void a_tool_of_the_app_has_its_own_policy(void **state) {
  bench *b = *state;
  assert_int_equal(load_body(b, "tools = { twice = { kind = 'echo', idempotent = true },"
                                "echo = { timeout = { total_ms = 99 } } },"
                                "children = { { id = 'a', script = 'idle.lua' } }"),
                   TROUPE_OK);
  troupe_pid pid;
  assert_int_equal(troupe_app_start(b->sys, &pid, b->app, NULL, b->msg, sizeof b->msg), TROUPE_OK);
  const trp_tool *twice = trp_tool_find(b->sys, "twice", 5),
                 *echo = trp_tool_find(b->sys, "echo", 4);
  assert_non_null(twice);
  assert_int_equal(twice->policy.attempt_ms, 7000); /* as with the tool it stands for */
  assert_int_equal(twice->policy.attempts, 3);
  assert_true(twice->policy.idempotent);
  assert_int_equal(echo->policy.total_ms, 99);
  assert_int_equal(echo->policy.attempt_ms, 7000);
}

static void loading_copes_with_missing_memory(void **state) {
  bench *b = *state;
  for (long n = 1; n < 2000; n++) {
    b->memory.calls = 0;
    b->memory.fail_at = n;
    int err =
        load_body(b, "tools = { twice = { kind = 'echo' } }, children = {"
                     "{ id = 'a', script = 'idle.lua', permissions = { tools = { 'echo' } } } }");
    b->memory.fail_at = 0;
    if (err == TROUPE_OK && b->memory.calls < n) return;
    if (err) assert_null(b->app);
  }
  fail_msg("loading has no end");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_BENCH(limits_have_their_ranges),
      WITH_BENCH(the_full_example_loads),
      WITH_BENCH(each_wrong_field_is_named_with_its_path),
      WITH_BENCH(a_file_that_is_no_app_is_named_with_its_line),
      WITH_BENCH(each_bound_holds),
      WITH_BENCH(an_app_runs_until_its_significant_child_is_done),
      WITH_BENCH(an_app_that_cannot_go_on_ends_with_its_reason),
      WITH_BENCH(a_tool_of_the_app_has_its_own_policy),
      cmocka_unit_test_setup_teardown(loading_copes_with_missing_memory, open_stepped, close_bench),
  };
  return run_tests(tests);
}
