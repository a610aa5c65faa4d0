/* Ten thousand actors that take all they can, and are killed at random points: the process must not
 * grow. With the allocator that users have; a sanitizer's keeps what is freed, so that under one
 * fewer cycles run and only the counters are judged. */
#include "tests/scripting/stage.h"

#include "actors/base/rand.h"
#include "actors/base/thread.h"

#if defined(__SANITIZE_ADDRESS__) || TRP_UNDER_TSAN
enum { SANITIZED = 1, CYCLES = 1000 };
#else
enum { SANITIZED = 0, CYCLES = 10000 };
#endif
static const long MIB = 1 << 20;
enum { FIRST = 100, AT_ONCE = 4, ENDING_MS = 60000 };

/* Several MiB of heap in small and large blocks, timers, asks that nobody answers, monitors, a
 * parked message, and a large message in the making. */
static const char victim[] =
    "local troupe = require 'troupe'\n"
    "local mute, kept = troupe.whereis 'mute', {}\n"
    "for i = 1, 20 do\n"
    "  troupe.every(1, function() kept[#kept + 1] = { i } end)\n"
    "  troupe.after(0, function() mute:with { wait_ms = 1000 }:try_ask('never', i) end)\n"
    "  mute:monitor()\n"
    "end\n"
    "troupe.after(0, function() mute:tell('x', ('x'):rep(300000)) end)\n"
    "local n = 0\n"
    "while true do\n"
    "  n = n + 1\n"
    "  kept[n] = n % 10 == 0 and ('x'):rep(50000 + n) or { ('y'):rep(n % 500), n }\n"
    "  if n % 1000 == 0 then mute:tell('x', ('x'):rep(500000)) troupe.sleep(0) end\n"
    "  if n == 1500 then kept, n = {}, 0 end\n"
    "end\n";

/* Takes nothing, so that what is sent to it waits. */
static int mute_init(troupe_actor *a, void *arg) {
  (void)arg;
  troupe_actor_block(a, true);
  return TROUPE_OK;
}
static const troupe_behavior mute = {
    .size = sizeof mute, .name = "mute", .init = mute_init, .receive = cast_receive};

static troupe_system *start(void) {
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 2;
  cfg.log = world_log;
  troupe_system *sys;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &mute;
  o.name = "mute";
  o.mailbox_messages = 10;
  o.mailbox_bytes = (uint64_t)MIB;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  return sys;
}

static void wait_for_actors(troupe_system *sys, uint64_t wanted) {
  troupe_stats stats;
  for (int ms = 0; ms < ENDING_MS; ms++) {
    troupe_system_stats(sys, &stats);
    if (stats.actors == wanted) return;
    usleep(1000);
  }
  print_error("%llu actors, not %llu\n", (unsigned long long)stats.actors,
              (unsigned long long)wanted);
  fail();
}

static long resident_bytes(void) {
  long pages = 0, resident = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%ld %ld", &pages, &resident), 2); /* NOLINT(cert-err34-c) */
  fclose(f);
  return resident * sysconf(_SC_PAGESIZE);
}

static void a_few_cycles(troupe_system *sys, trp_rand *r, const troupe_script *script) {
  troupe_pid pids[AT_ONCE];
  for (int i = 0; i < AT_ONCE; i++)
    assert_int_equal(troupe_spawn_script(sys, &pids[i], script), TROUPE_OK);
  for (int i = 0; i < AT_ONCE; i++) {
    usleep((useconds_t)trp_rand_below(r, 3000));
    (void)troupe_kill(sys, pids[i]);
  }
  wait_for_actors(sys, 3); /* mute and two of the system's own */
}

static void ten_thousand_kills_leave_the_process_as_it_was(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  troupe_system *sys = start();
  troupe_grants *grants = cast_grants();
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = victim;
  script.grants = grants;
  long first = 0, last = 0;
  for (int n = 0; n < CYCLES; n += AT_ONCE) {
    a_few_cycles(sys, &r, &script);
    if (n == FIRST) first = resident_bytes();
    if (n % 1000 == 0) print_message("%d cycles: %ld KiB resident\n", n, resident_bytes() / 1024);
  }
  last = resident_bytes();
  for (int i = 0; i < 5; i++) { /* what grows is more at each look; what varies is not */
    a_few_cycles(sys, &r, &script);
    if (resident_bytes() < last) last = resident_bytes();
  }
  print_message("%ld KiB after %d cycles, %ld KiB after %d\n", first / 1024, FIRST, last / 1024,
                CYCLES);
  if (!SANITIZED) assert_in_range(last, 0, first + 2 * MIB);
  troupe_grants_unref(grants);
  assert_int_equal(troupe_system_stop(sys, 5000), TROUPE_OK);
  troupe_system_free(sys);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ten_thousand_kills_leave_the_process_as_it_was)};
  return run_tests(tests);
}
