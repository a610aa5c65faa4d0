#include "tests/test.h"

#include "actors/base/clock.h"

static void the_monotonic_clock_never_goes_back(void **state) {
  (void)state;
  trp_clock clock = trp_clock_monotonic();
  uint64_t last = trp_clock_ns(&clock);
  for (int i = 0; i < 1000; i++) {
    uint64_t now = trp_clock_ns(&clock);
    assert_true(now >= last);
    last = now;
  }
}

static void a_virtual_clock_moves_only_when_told(void **state) {
  (void)state;
  trp_virtual_clock vc = {0};
  trp_clock clock = trp_clock_virtual(&vc);
  assert_int_equal(trp_clock_ns(&clock), 0);
  trp_virtual_clock_advance(&vc, 3 * TRP_NS_PER_MS - 1);
  assert_int_equal(trp_clock_ms(&clock), 2);
  trp_virtual_clock_advance(&vc, 1);
  assert_int_equal(trp_clock_ms(&clock), 3);
  assert_int_equal(trp_clock_ns(&clock), 3 * TRP_NS_PER_MS);
}

static void the_wall_clock_shows_this_century(void **state) {
  (void)state;
  assert_true(trp_wall_ms() > INT64_C(946684800000));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_monotonic_clock_never_goes_back),
      cmocka_unit_test(a_virtual_clock_moves_only_when_told),
      cmocka_unit_test(the_wall_clock_shows_this_century),
  };
  return run_tests(tests);
}
