/* The restart backoff: the row of delays, what starts it again, and when it gives up. */
#include "tests/test.h"

#include "actors/base/rand.h"
#include "supervision/backoff.h"

#include <troupe/error.h>

#include <math.h>

static trp_backoff backoff(trp_backoff_config config) {
  trp_backoff b;
  assert_int_equal(trp_backoff_config_check(&config, NULL, 0), TROUPE_OK);
  trp_backoff_init(&b, &config);
  return b;
}

static const trp_backoff_config plain = {.jitter = TRP_BACKOFF_NO_JITTER};

static void zero_means_the_documented_defaults(void **state) {
  (void)state;
  trp_backoff b;
  trp_backoff_init(&b, NULL);
  assert_int_equal(b.config.min_ms, 100);
  assert_int_equal(b.config.max_ms, 30000);
  assert_true(b.config.factor == 2.0);
  assert_true(b.config.jitter == 0.2);
  assert_int_equal(b.config.reset_ms, 15050);
  assert_int_equal(b.config.max_attempts, 10);
}

static void ten_start_attempts_take_51_seconds(void **state) {
  (void)state;
  trp_backoff b = backoff(plain);
  trp_backoff_decision d = trp_backoff_crashed(&b, 20000, 0.5);
  assert_int_equal(d.delay_ms, 0);
  assert_true(d.costs_budget);
  uint64_t total_ms = 0;
  uint64_t expected_ms = 100;
  for (int failed = 1; failed < 10; failed++) {
    d = trp_backoff_start_failed(&b, 0.5);
    assert_false(d.give_up);
    assert_false(d.costs_budget);
    assert_int_equal(d.delay_ms, expected_ms);
    total_ms += d.delay_ms;
    expected_ms *= 2;
  }
  assert_int_equal(total_ms, 51100);
  assert_true(trp_backoff_start_failed(&b, 0.5).give_up);
}

static void delays_stop_growing_at_the_maximum(void **state) {
  (void)state;
  trp_backoff_config c = plain;
  c.max_ms = 350;
  trp_backoff b = backoff(c);
  static const uint64_t expected[] = {100, 200, 350, 350, 350};
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(trp_backoff_start_failed(&b, 0.5).delay_ms, expected[i]);
  }
}

static void a_failed_start_is_never_retried_at_once(void **state) {
  (void)state;
  trp_backoff b = backoff(plain); /* the crash was another child's of the group */
  assert_int_equal(trp_backoff_start_failed(&b, 0.5).delay_ms, 100);
}

static void short_lives_go_on_in_the_row_and_long_ones_begin_again(void **state) {
  (void)state;
  trp_backoff_config c = plain;
  c.reset_ms = 1000;
  trp_backoff b = backoff(c);
  assert_int_equal(trp_backoff_crashed(&b, 0, 0.5).delay_ms, 0);
  assert_int_equal(trp_backoff_crashed(&b, 999, 0.5).delay_ms, 100);
  assert_int_equal(trp_backoff_crashed(&b, 0, 0.5).delay_ms, 200);
  assert_int_equal(trp_backoff_crashed(&b, 1000, 0.5).delay_ms, 0);
  assert_int_equal(trp_backoff_crashed(&b, 1, 0.5).delay_ms, 100);
  assert_int_equal(trp_backoff_crashed(&b, UINT64_MAX, 0.5).delay_ms, 0);
}

static void a_start_that_succeeds_clears_the_attempts_but_not_the_delay(void **state) {
  (void)state;
  trp_backoff_config c = plain;
  c.max_attempts = 2;
  trp_backoff b = backoff(c);
  (void)trp_backoff_crashed(&b, 0, 0.5);
  assert_int_equal(trp_backoff_start_failed(&b, 0.5).delay_ms, 100);
  assert_int_equal(trp_backoff_crashed(&b, 5, 0.5).delay_ms, 200);
  assert_int_equal(trp_backoff_start_failed(&b, 0.5).delay_ms, 400);
  assert_true(trp_backoff_start_failed(&b, 0.5).give_up);
}

static void the_first_restart_may_be_delayed_too(void **state) {
  (void)state;
  trp_backoff_config c = plain;
  c.first_delayed = true;
  trp_backoff b = backoff(c);
  assert_int_equal(trp_backoff_crashed(&b, 0, 0.5).delay_ms, 100);
  assert_int_equal(trp_backoff_crashed(&b, 0, 0.5).delay_ms, 200);
  assert_int_equal(trp_backoff_crashed(&b, 1u << 20, 0.5).delay_ms, 100);
}

static void one_attempt_gives_up_on_the_first_failed_start(void **state) {
  (void)state;
  trp_backoff_config c = plain;
  c.max_attempts = 1;
  trp_backoff b = backoff(c);
  assert_true(trp_backoff_start_failed(&b, 0.5).give_up);
}

static void without_a_limit_it_never_gives_up(void **state) {
  (void)state;
  trp_backoff_config c = plain;
  c.max_attempts = TRP_BACKOFF_UNLIMITED;
  trp_backoff b = backoff(c);
  for (int i = 0; i < 10000; i++)
    assert_false(trp_backoff_start_failed(&b, 0.5).give_up);
  assert_int_equal(trp_backoff_delay_ms(&b, 0.5), 30000);
}

static void switched_off_it_waits_never_and_charges_the_budget_for_failed_starts(void **state) {
  (void)state;
  trp_backoff b = backoff((trp_backoff_config){.off = true});
  for (int i = 0; i < 100; i++) {
    trp_backoff_decision d =
        i % 2 ? trp_backoff_crashed(&b, 0, 0.9) : trp_backoff_start_failed(&b, 0.9);
    assert_false(d.give_up);
    assert_true(d.costs_budget);
    assert_int_equal(d.delay_ms, 0);
  }
}

static void a_reset_by_hand_forgets_everything(void **state) {
  (void)state;
  trp_backoff_config c = plain;
  c.max_attempts = 2;
  trp_backoff b = backoff(c);
  (void)trp_backoff_crashed(&b, 0, 0.5);
  (void)trp_backoff_start_failed(&b, 0.5);
  trp_backoff_reset(&b);
  assert_int_equal(trp_backoff_crashed(&b, 0, 0.5).delay_ms, 0);
  assert_false(trp_backoff_start_failed(&b, 0.5).give_up);
}

static void jitter_spreads_both_ways_and_never_over_the_maximum(void **state) {
  (void)state;
  trp_backoff b = backoff((trp_backoff_config){.min_ms = 1000, .max_ms = 1100});
  (void)trp_backoff_crashed(&b, 0, 0.5);
  assert_int_equal(trp_backoff_delay_ms(&b, 0.0), 800);
  assert_int_equal(trp_backoff_delay_ms(&b, 0.5), 1000);
  assert_int_equal(trp_backoff_delay_ms(&b, 0.999), 1100);
}

static void a_large_minimum_raises_the_default_maximum(void **state) {
  (void)state;
  trp_backoff b = backoff((trp_backoff_config){.min_ms = 60000, .jitter = TRP_BACKOFF_NO_JITTER});
  assert_int_equal(trp_backoff_start_failed(&b, 0.5).delay_ms, 60000);
  assert_int_equal(trp_backoff_start_failed(&b, 0.5).delay_ms, 60000);
}

static void refuses(trp_backoff_config config, const char *field) {
  char msg[80];
  assert_int_equal(trp_backoff_config_check(&config, msg, sizeof msg), TROUPE_E_INVALID);
  assert_memory_equal(msg, field, strlen(field));
}

static void a_bad_config_is_refused_by_the_name_of_the_field(void **state) {
  (void)state;
  refuses((trp_backoff_config){.min_ms = 200, .max_ms = 100}, "min_ms:");
  refuses((trp_backoff_config){.max_ms = TRP_BACKOFF_LONGEST_MS + 1}, "max_ms:");
  refuses((trp_backoff_config){.factor = 0.5}, "factor:");
  refuses((trp_backoff_config){.factor = (double)NAN}, "factor:");
  refuses((trp_backoff_config){.jitter = 1.01}, "jitter:");
  refuses((trp_backoff_config){.jitter = -0.1}, "jitter:");
  refuses((trp_backoff_config){.reset_ms = UINT64_MAX}, "reset_ms:");
  assert_int_equal(trp_backoff_config_check(NULL, NULL, 0), TROUPE_OK);
}

static trp_backoff_config random_config(trp_rand *r, bool jitter) {
  trp_backoff_config c = {.min_ms = 1 + trp_rand_below(r, 10000),
                          .factor = 1 + 4 * trp_rand_double(r),
                          .jitter = jitter ? trp_rand_double(r) : TRP_BACKOFF_NO_JITTER,
                          .max_attempts = TRP_BACKOFF_UNLIMITED};
  c.max_ms = c.min_ms + trp_rand_below(r, 1u << trp_rand_below(r, 31));
  return c;
}

static void every_delay_lies_within_its_bounds(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int run = 0; run < 500; run++) {
    trp_backoff b = backoff(random_config(&r, true));
    double cap = 0; /* computed anew: min * factor^n, from the immediate restart on */
    for (int step = 0; step < 40; step++) {
      trp_backoff_decision d = trp_backoff_crashed(&b, 0, trp_rand_double(&r));
      double jitter = b.config.jitter;
      assert_true((double)d.delay_ms <= cap * (1 + jitter) + 1e-6 * cap);
      assert_true((double)d.delay_ms >= cap * (1 - jitter) - 1 - 1e-6 * cap);
      assert_true(d.delay_ms <= b.config.max_ms);
      cap = cap > 0 ? cap * b.config.factor : (double)b.config.min_ms;
      if (cap > (double)b.config.max_ms) cap = (double)b.config.max_ms;
      trp_backoff_check(&b);
    }
  }
}

static void without_jitter_delays_never_fall_before_a_reset(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int run = 0; run < 500; run++) {
    trp_backoff b = backoff(random_config(&r, false));
    uint64_t last_ms = 0;
    for (int step = 0; step < 40; step++) {
      bool crash = trp_rand_below(&r, 2);
      uint64_t up_ms = trp_rand_below(&r, b.config.reset_ms + b.config.reset_ms / 8 + 1);
      double rnd = trp_rand_double(&r);
      trp_backoff_decision d =
          crash ? trp_backoff_crashed(&b, up_ms, rnd) : trp_backoff_start_failed(&b, rnd);
      if (crash && up_ms >= b.config.reset_ms) {
        assert_int_equal(d.delay_ms, 0);
      } else {
        assert_true(d.delay_ms >= last_ms);
      }
      last_ms = d.delay_ms;
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(zero_means_the_documented_defaults),
      cmocka_unit_test(ten_start_attempts_take_51_seconds),
      cmocka_unit_test(delays_stop_growing_at_the_maximum),
      cmocka_unit_test(a_failed_start_is_never_retried_at_once),
      cmocka_unit_test(short_lives_go_on_in_the_row_and_long_ones_begin_again),
      cmocka_unit_test(a_start_that_succeeds_clears_the_attempts_but_not_the_delay),
      cmocka_unit_test(the_first_restart_may_be_delayed_too),
      cmocka_unit_test(one_attempt_gives_up_on_the_first_failed_start),
      cmocka_unit_test(without_a_limit_it_never_gives_up),
      cmocka_unit_test(switched_off_it_waits_never_and_charges_the_budget_for_failed_starts),
      cmocka_unit_test(a_reset_by_hand_forgets_everything),
      cmocka_unit_test(jitter_spreads_both_ways_and_never_over_the_maximum),
      cmocka_unit_test(a_large_minimum_raises_the_default_maximum),
      cmocka_unit_test(a_bad_config_is_refused_by_the_name_of_the_field),
      cmocka_unit_test(every_delay_lies_within_its_bounds),
      cmocka_unit_test(without_jitter_delays_never_fall_before_a_reset),
  };
  return run_tests(tests);
}
