/* Kills at random points, on two workers: scripts that do again and again what the scenes do, and
 * scripts that compute without end where it is hard to stop them, are killed after a random time.
 * Whatever they were at, nothing of them may be left, nobody may wait for them in vain, and each
 * message must have had its end.
 *
 * A minute; a third of it under a sanitizer; with the argument "soak", an hour. */
#include "tests/scripting/trial.h"

#include "actors/base/rand.h"

#if defined(__SANITIZE_ADDRESS__) || TRP_UNDER_TSAN
enum { SECONDS = 20 };
#else
enum { SECONDS = 60 };
#endif
enum { SOAK_SECONDS = 3600, CROWD = 12, ENDING_S = 60 };

static unsigned seconds = SECONDS;

/* Where a script cannot yield, it is left by a jump out of the signal handler. */
static const char *const attacks[] = {
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "while true do xpcall(error, function() pcall(error) end) end",
    "coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()",
    "while true do coroutine.wrap(function() troupe.after(1, print) coroutine.yield() end)() end",
    "table.sort({ 3, 2, 1 }, function() while true do end end)",
    "('x'):gsub('x', function() while true do troupe.now_ms() end end)",
    "('a'):rep(30000):find('.-.-.-.-b')",
    "tostring(setmetatable({}, { __tostring = function() while true do end end }))",
    "local x <close> = setmetatable({}, { __close = function() while true do end end }) error()",
    "local t = {} for i = 1, 1 << 30 do t[i] = { ('x'):rep(i % 5000) } end",
    "local s = 'x' while true do s = s .. s end",
    "while true do local t = {} for i = 1, 1000 do t[i] = ('y'):rep(i) end end",
    "while true do troupe.log.info(('x'):rep(1000)) end",
    "while true do partner:tell('echo', ('x'):rep(60000)) end",
    "while true do narrow:with { wait_ms = 0 }:tell('x') end",
    "while true do troupe.self():tell('x', ('x'):rep(1000)) end",
    "while true do pcall(troupe.every, 1, function() while true do end end) end",
    "while true do pcall(troupe.spawn, { source = 'while true do end', monitor = true }) end",
    "while true do partner:monitor() end",
    "for i = 1, 100 do troupe.after(0, function() partner:ask 'never' end) end troupe.sleep(1000)",
    "while true do load(('x = 1 '):rep(5000)) end",
};
enum {
  ATTACKS = sizeof attacks / sizeof *attacks,
  SCENES = sizeof scenes / sizeof *scenes,
};

static trial stress;

/* A process is played in a loop, whatever comes of it; a behaviour once. */
static void write_victim(size_t which, char *text, size_t size) {
  if (which < ATTACKS) {
    snprintf(text, size, "%s%s", TRIAL_PRELUDE, attacks[which]);
    return;
  }
  const char *source = scenes[which - ATTACKS].source;
  bool behavior = strstr(source, "return a\n") != NULL;
  snprintf(text, size, "%s%s%s%s", TRIAL_PRELUDE, behavior ? "" : "while true do pcall(function() ",
           source, behavior ? "" : "end) end");
}

static troupe_pid spawn_victim(trp_rand *r, troupe_grants *grants) {
  char text[8192];
  write_victim(trp_rand_below(r, ATTACKS + SCENES), text, sizeof text);
  troupe_script script = trial_script(&stress, "victim", text, grants);
  script.limits.memory_bytes = 8 << 20;
  script.init_timeout_ms = TROUPE_INFINITY;
  troupe_pid pid;
  assert_int_equal(troupe_spawn_script(stress.s.w.sys, &pid, &script), TROUPE_OK);
  return pid;
}

/* Up to 8 ms; short times as likely as long ones. */
static void wait_a_little(trp_rand *r) {
  uint64_t us = UINT64_C(1) << trp_rand_below(r, 13);
  usleep((useconds_t)trp_rand_below(r, us + 1));
}

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_for_actors(uint64_t wanted) {
  double end = now_s() + ENDING_S;
  while (actors_now(&stress) != wanted && now_s() < end)
    usleep(200);
  trial_expect_left(&stress, "actors", actors_now(&stress), wanted);
}

static size_t resident_kib(void) {
  unsigned long pages = 0, resident = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%lu %lu", &pages, &resident), 2); /* NOLINT(cert-err34-c) */
  fclose(f);
  return resident * ((size_t)sysconf(_SC_PAGESIZE) / 1024);
}

/* A crowd of victims, all killed. */
static void round_of_kills(trp_rand *r, troupe_grants *grants) {
  troupe_pid crowd[CROWD];
  for (int i = 0; i < CROWD; i++) {
    crowd[i] = spawn_victim(r, grants);
    if (trp_rand_below(r, 2)) trial_watch(&stress, crowd[i]);
    if (trp_rand_below(r, 4) == 0) wait_a_little(r);
  }
  for (int i = 0; i < CROWD; i++) {
    wait_a_little(r);
    (void)troupe_kill(stress.s.w.sys, crowd[i]);
  }
}

static void random_kills_leave_nothing(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  trial_open(&stress, NULL, 2);
  troupe_grants *grants = trial_grants(&stress);
  uint64_t base = actors_now(&stress);
  enlist_all(&stress);
  unsigned long kills = 0;
  double end = now_s() + seconds, report = 0;
  while (now_s() < end) {
    round_of_kills(&r, grants);
    wait_for_actors(base + 3);
    kills += CROWD;
    if (now_s() > report) {
      print_message("%lu kills, %zu KiB resident\n", kills, resident_kib());
      report = now_s() + 10;
    }
  }
  for (int i = 0; i < 3; i++)
    troupe_stop(stress.s.w.sys, stress.partners[i]);
  wait_for_actors(base);
  print_message("%lu kills, %zu KiB resident\n", kills, resident_kib());
  troupe_grants_unref(grants);
  trial_expect_told(&stress);
  trial_close(&stress);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_kills_leave_nothing)};
  if (argc > 1 && strcmp(argv[1], "soak") == 0) {
    if (!getenv("TROUPE_SOAK")) return 77; /* NOLINT(concurrency-mt-unsafe): skipped */
    seconds = SOAK_SECONDS;
  }
  return run_tests(tests);
}
