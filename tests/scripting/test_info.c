/* What actors say they have used, against what the process has. */
#include "tests/scripting/stage.h"

#include <time.h>

#include <troupe/info.h>

static uint64_t process_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Several compute at once, on two workers and perhaps beside other programs; their sum is the
 * process's time but for what starting and scheduling take. */
static void the_processor_time_of_actors_sums_up_to_the_process_s(void **state) {
  (void)state;
  enum { ACTORS = 3 };
  stage s;
  troupe_pid pids[ACTORS];
  uint64_t sum = 0;
  troupe_info info;
  stage_start(&s, 2);
  uint64_t before = process_us();
  for (int i = 0; i < ACTORS; i++) {
    troupe_script script = TROUPE_SCRIPT_INIT;
    script.source = "local t = require 'troupe' local x = 0 "
                    "for i = 1, 3000000 do x = x + i % 7 end "
                    "while true do t.receive():reply() end";
    script.limits.cpu_ms_per_message = 60000;
    assert_int_equal(troupe_spawn_script(s.w.sys, &pids[i], &script), TROUPE_OK);
  }
  const troupe_ask_opts patient = {.size = sizeof patient, .timeout_ms = 60000};
  for (int i = 0; i < ACTORS; i++) {
    assert_int_equal(
        troupe_ask_wait(s.w.sys, pids[i], &patient, "x", "\x90", 1, NULL, NULL, NULL, 0),
        TROUPE_OK);
    assert_int_equal(troupe_info_wait(s.w.sys, pids[i], &info), TROUPE_OK);
    assert_true(info.cpu_us > 0);
    sum += info.cpu_us;
  }
  uint64_t used = process_us() - before;
  print_message("actors %llu us, process %llu us\n", (unsigned long long)sum,
                (unsigned long long)used);
  assert_true(sum < used + used / 4);
  assert_true(sum > used / 3); /* a sanitizer has threads of its own */
  stage_stop(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_processor_time_of_actors_sums_up_to_the_process_s),
  };
  return run_tests(tests);
}
