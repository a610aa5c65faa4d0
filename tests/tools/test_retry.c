/* Retries of one call: who may retry, after what delay, why not, and what it does to the load. */
#include "tests/test.h"

#include "actors/base/rand.h"
#include "tools/outcome.h"
#include "tools/retry.h"
#include "tools/retry_budget.h"

#include <troupe/error.h>

#include <math.h>

static trp_retry_config policy(trp_retry_config config) {
  assert_int_equal(trp_retry_config_check(&config, NULL, 0), TROUPE_OK);
  return trp_retry_config_complete(&config);
}

static const trp_retry_failure transient = {.outcome = TROUPE_OUTCOME_TRANSIENT};

/* The decision on the first attempt's failure, without budget or deadline. */
static trp_retry_decision first(trp_retry_config config, trp_retry_failure failure) {
  trp_retry_config c = policy(config);
  trp_retry r;
  trp_retry_init(&r, 0);
  return trp_retry_failed(&r, &c, NULL, &failure, 1000, 0.5);
}

static void zero_means_the_documented_defaults(void **state) {
  (void)state;
  trp_retry_config c = trp_retry_config_complete(NULL);
  assert_int_equal(c.attempts, 3);
  assert_int_equal(c.base_ms, 100);
  assert_int_equal(c.max_ms, 30000);
  assert_true(c.factor == 2.0);
  assert_int_equal(c.jitter, TRP_RETRY_JITTER_FULL);
  assert_int_equal(c.max_retry_after_ms, 60000);
}

static void three_attempts_include_the_first(void **state) {
  (void)state;
  trp_retry_config c = policy((trp_retry_config){.idempotent = true});
  trp_retry r;
  trp_retry_init(&r, 0);
  for (int retry = 0; retry < 2; retry++) {
    assert_true(trp_retry_failed(&r, &c, NULL, &transient, 0, 0.5).retry);
    trp_retry_started(&r);
  }
  trp_retry_decision d = trp_retry_failed(&r, &c, NULL, &transient, 0, 0.5);
  assert_false(d.retry);
  assert_int_equal(d.why, TRP_RETRY_WHY_ATTEMPTS);
  assert_int_equal(r.attempt, 3);
  assert_int_equal(r.phase, TRP_RETRY_DONE);
}

static void one_attempt_means_no_retry(void **state) {
  (void)state;
  trp_retry_decision d = first((trp_retry_config){.attempts = 1, .idempotent = true}, transient);
  assert_int_equal(d.why, TRP_RETRY_WHY_ATTEMPTS);
}

static void what_may_have_been_executed_is_retried_only_if_safe(void **state) {
  (void)state;
  trp_retry_failure f = transient;
  assert_int_equal(first((trp_retry_config){0}, f).why, TRP_RETRY_WHY_UNSAFE);
  assert_true(first((trp_retry_config){.idempotent = true}, f).retry);
  assert_true(first((trp_retry_config){.retry_unsafe = true}, f).retry);
  f.not_executed = true;
  assert_true(first((trp_retry_config){0}, f).retry);
  f = (trp_retry_failure){.outcome = TROUPE_OUTCOME_TIMEOUT};
  assert_int_equal(first((trp_retry_config){0}, f).why, TRP_RETRY_WHY_UNSAFE);
  assert_true(first((trp_retry_config){.idempotent = true}, f).retry);
}

static void a_throttled_call_was_not_executed_and_needs_no_safety(void **state) {
  (void)state;
  trp_retry_failure f = {.outcome = TROUPE_OUTCOME_THROTTLED, .retry_after_ms = 2000};
  trp_retry_decision d = first((trp_retry_config){0}, f);
  assert_true(d.retry);
  assert_in_range(d.delay_ms, 2000, 2200);
}

static void permanent_and_cancelled_are_never_retried(void **state) {
  (void)state;
  trp_retry_config c = {.idempotent = true, .retry_unsafe = true};
  trp_retry_failure f = {.outcome = TROUPE_OUTCOME_PERMANENT, .not_executed = true};
  assert_int_equal(first(c, f).why, TRP_RETRY_WHY_PERMANENT);
  f.outcome = TROUPE_OUTCOME_CANCELLED;
  assert_int_equal(first(c, f).why, TRP_RETRY_WHY_PERMANENT);
}

static void a_rejection_is_retried_only_where_the_policy_asks(void **state) {
  (void)state;
  trp_retry_failure f = {.outcome = TROUPE_OUTCOME_REJECTED, .retry_after_ms = 500};
  assert_int_equal(first((trp_retry_config){.idempotent = true}, f).why, TRP_RETRY_WHY_NOT_ASKED);
  trp_retry_config asks = {.on = TRP_OUTCOME_BIT(TROUPE_OUTCOME_REJECTED)};
  assert_true(first(asks, f).delay_ms >= 500);
  assert_int_equal(first(asks, transient).why, TRP_RETRY_WHY_NOT_ASKED);
}

static void what_an_inner_loop_has_retried_is_final(void **state) {
  (void)state;
  trp_retry_failure f = {.outcome = TROUPE_OUTCOME_TRANSIENT, .retries_spent = true};
  assert_int_equal(first((trp_retry_config){.idempotent = true}, f).why, TRP_RETRY_WHY_NESTED);
  assert_true(first((trp_retry_config){.idempotent = true, .retry_nested = true}, f).retry);
}

/* The delay of retry n (from 1) at a fixed random number. */
static uint64_t nth_delay(trp_retry_config config, uint32_t n, double rnd) {
  config.attempts = TRP_RETRY_ATTEMPTS_MAX;
  config.idempotent = true;
  trp_retry_config c = policy(config);
  trp_retry r;
  trp_retry_init(&r, 0);
  for (;;) {
    trp_retry_decision d = trp_retry_failed(&r, &c, NULL, &transient, 0, rnd);
    if (n-- == 1) return d.delay_ms;
    trp_retry_started(&r);
  }
}

static void each_jitter_has_its_row_of_delays(void **state) {
  (void)state;
  trp_retry_config full = {0};
  assert_int_equal(nth_delay(full, 1, 0.0), 0);
  assert_int_equal(nth_delay(full, 1, 0.5), 50);
  assert_int_equal(nth_delay(full, 3, 0.5), 200);
  trp_retry_config equal = {.jitter = TRP_RETRY_JITTER_EQUAL};
  assert_int_equal(nth_delay(equal, 1, 0.0), 50);
  assert_int_equal(nth_delay(equal, 3, 0.5), 300);
  trp_retry_config decorrelated = {.jitter = TRP_RETRY_JITTER_DECORRELATED};
  assert_int_equal(nth_delay(decorrelated, 1, 0.0), 100);
  assert_int_equal(nth_delay(decorrelated, 1, 0.5), 200);
  assert_int_equal(nth_delay(decorrelated, 2, 0.5), 350); /* U(100, 600) */
  trp_retry_config none = {.jitter = TRP_RETRY_JITTER_NONE};
  assert_int_equal(nth_delay(none, 1, 0.5), 100);
  assert_int_equal(nth_delay(none, 3, 0.5), 400);
}

static void delays_stop_at_the_maximum_however_many_there_are(void **state) {
  (void)state;
  for (int jitter = TRP_RETRY_JITTER_FULL; jitter <= TRP_RETRY_JITTER_NONE; jitter++) {
    trp_retry_config c = {.jitter = (trp_retry_jitter)jitter, .max_ms = 5000, .factor = 1e6};
    assert_in_range(nth_delay(c, 900, 0.999), 4990, 5000);
  }
}

static void immediate_retries_wait_only_for_the_service(void **state) {
  (void)state;
  trp_retry_config c = {.immediate = true, .idempotent = true};
  assert_int_equal(first(c, transient).delay_ms, 0);
  trp_retry_failure f = {.outcome = TROUPE_OUTCOME_TRANSIENT, .retry_after_ms = 100};
  assert_int_equal(first(c, f).delay_ms, 105);
}

static void the_longer_of_backoff_and_hint_wins_and_a_hint_only_grows(void **state) {
  (void)state;
  trp_retry_config c = {.jitter = TRP_RETRY_JITTER_NONE, .idempotent = true};
  trp_retry_failure f = {.outcome = TROUPE_OUTCOME_TRANSIENT, .retry_after_ms = 99};
  assert_int_equal(first(c, f).delay_ms, 100);
  f.retry_after_ms = 200;
  assert_int_equal(first(c, f).delay_ms, 210); /* 5 % at rnd 0.5 */
}

static void the_backoff_starts_over_behind_a_hint(void **state) {
  (void)state;
  trp_retry_config c = policy(
      (trp_retry_config){.attempts = 10, .jitter = TRP_RETRY_JITTER_NONE, .idempotent = true});
  trp_retry_failure hint = {.outcome = TROUPE_OUTCOME_THROTTLED, .retry_after_ms = 10000};
  trp_retry r;
  trp_retry_init(&r, 0);
  assert_int_equal(trp_retry_failed(&r, &c, NULL, &transient, 0, 0).delay_ms, 100);
  trp_retry_started(&r);
  assert_int_equal(trp_retry_failed(&r, &c, NULL, &transient, 0, 0).delay_ms, 200);
  trp_retry_started(&r);
  assert_int_equal(trp_retry_failed(&r, &c, NULL, &hint, 0, 0).delay_ms, 10000);
  trp_retry_started(&r);
  assert_int_equal(trp_retry_failed(&r, &c, NULL, &transient, 0, 0).delay_ms, 100);
}

static void too_long_a_hint_fails_at_once(void **state) {
  (void)state;
  trp_retry_config c = {.idempotent = true};
  trp_retry_failure f = {.outcome = TROUPE_OUTCOME_THROTTLED, .retry_after_ms = 60000};
  assert_true(first(c, f).retry);
  f.retry_after_ms = 60001;
  assert_int_equal(first(c, f).why, TRP_RETRY_WHY_MAX_RETRY_AFTER);
  f.retry_after_ms = TRP_RETRY_AFTER_NEVER;
  assert_int_equal(first(c, f).why, TRP_RETRY_WHY_MAX_RETRY_AFTER);
}

static void a_delay_that_reaches_the_deadline_fails_at_once(void **state) {
  (void)state;
  trp_retry_config c =
      policy((trp_retry_config){.jitter = TRP_RETRY_JITTER_NONE, .idempotent = true});
  trp_retry r;
  trp_retry_init(&r, 1101);
  assert_true(trp_retry_failed(&r, &c, NULL, &transient, 1000, 0.5).retry);
  trp_retry_init(&r, 1100);
  assert_int_equal(trp_retry_failed(&r, &c, NULL, &transient, 1000, 0.5).why,
                   TRP_RETRY_WHY_DEADLINE);
  trp_retry_init(&r, 1100);
  assert_int_equal(trp_retry_failed(&r, &c, NULL, &transient, 2000, 0.5).why,
                   TRP_RETRY_WHY_DEADLINE);
  trp_retry_init(&r, UINT64_MAX);
  assert_true(trp_retry_failed(&r, &c, NULL, &transient, UINT64_MAX - 101, 0.5).retry);
}

static void the_budget_is_taken_before_the_wait_and_only_if_all_else_agrees(void **state) {
  (void)state;
  trp_retry_config c = policy((trp_retry_config){.attempts = 9, .idempotent = true});
  trp_retry_failure timeout = {.outcome = TROUPE_OUTCOME_TIMEOUT};
  trp_retry_budget b;
  trp_retry_budget_init(&b, &(trp_retry_budget_config){.start = 3});
  trp_retry r;
  trp_retry_init(&r, 5);
  assert_int_equal(trp_retry_failed(&r, &c, &b, &timeout, 10, 0.5).why, TRP_RETRY_WHY_DEADLINE);
  assert_int_equal(b.tokens_milli, 3000);

  trp_retry_init(&r, 0);
  assert_true(trp_retry_failed(&r, &c, &b, &timeout, 10, 0.5).retry);
  assert_int_equal(b.tokens_milli, 1000);
  trp_retry_started(&r);
  assert_int_equal(trp_retry_failed(&r, &c, &b, &timeout, 10, 0.5).why, TRP_RETRY_WHY_BUDGET);
  assert_int_equal(b.tokens_milli, 1000);
}

static void a_retry_cancelled_before_it_starts_returns_its_tokens(void **state) {
  (void)state;
  trp_retry_config c = policy((trp_retry_config){.idempotent = true});
  trp_retry_budget b;
  trp_retry_budget_init(&b, NULL);
  trp_retry r;
  trp_retry_init(&r, 0);
  assert_true(trp_retry_failed(&r, &c, &b, &transient, 0, 0.5).retry);
  trp_retry_cancelled(&r, &b);
  trp_retry_cancelled(&r, &b); /* once only */
  assert_int_equal(b.tokens_milli, 20000);

  trp_retry_init(&r, 0);
  assert_true(trp_retry_failed(&r, &c, &b, &transient, 0, 0.5).retry);
  trp_retry_started(&r);
  trp_retry_cancelled(&r, &b); /* it has started: spent */
  assert_int_equal(b.tokens_milli, 19000);
}

static void a_success_feeds_the_budget(void **state) {
  (void)state;
  trp_retry_budget b;
  trp_retry_budget_init(&b, NULL);
  trp_retry r;
  trp_retry_init(&r, 0);
  trp_retry_succeeded(&r, &b);
  assert_int_equal(b.tokens_milli, 20500);
  assert_int_equal(r.phase, TRP_RETRY_DONE);
}

static void refuses(trp_retry_config config, const char *field) {
  char msg[80];
  assert_int_equal(trp_retry_config_check(&config, msg, sizeof msg), TROUPE_E_INVALID);
  assert_memory_equal(msg, field, strlen(field));
}

static void a_bad_config_is_refused_by_the_name_of_the_field(void **state) {
  (void)state;
  refuses((trp_retry_config){.attempts = 1001}, "attempts:");
  refuses((trp_retry_config){.base_ms = 2, .max_ms = 1}, "base_ms:");
  refuses((trp_retry_config){.max_ms = UINT64_MAX}, "max_ms:");
  refuses((trp_retry_config){.factor = 0.99}, "factor:");
  refuses((trp_retry_config){.factor = (double)NAN}, "factor:");
  refuses((trp_retry_config){.jitter = (trp_retry_jitter)4}, "jitter:");
  refuses((trp_retry_config){.max_retry_after_ms = UINT64_MAX}, "max_retry_after_ms:");
  refuses((trp_retry_config){.on = TRP_OUTCOME_BIT(TROUPE_OUTCOME_PERMANENT)}, "on:");
}

static void names_are_those_of_specs_and_metrics(void **state) {
  (void)state;
  trp_retry_jitter j = TRP_RETRY_JITTER_NONE;
  assert_true(trp_retry_jitter_from_name("decorrelated", &j));
  assert_int_equal(j, TRP_RETRY_JITTER_DECORRELATED);
  assert_false(trp_retry_jitter_from_name("some", &j));
  assert_string_equal(trp_retry_jitter_name(TRP_RETRY_JITTER_FULL), "full");
  assert_string_equal(trp_retry_why_name(TRP_RETRY_WHY_MAX_RETRY_AFTER), "max_retry_after");
}

static void every_delay_lies_within_the_bounds_of_its_jitter(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int run = 0; run < 2000; run++) {
    trp_retry_config c =
        policy((trp_retry_config){.attempts = 20,
                                  .base_ms = 1 + trp_rand_below(&r, 1000),
                                  .max_ms = 1000 + trp_rand_below(&r, 100000),
                                  .factor = 1 + 3 * trp_rand_double(&r),
                                  .jitter = (trp_retry_jitter)trp_rand_below(&r, 4),
                                  .idempotent = true});
    trp_retry t;
    trp_retry_init(&t, 0);
    for (int n = 1; n < 20; n++) {
      double cap = fmin((double)c.max_ms, (double)c.base_ms * pow(c.factor, n - 1));
      uint64_t hint_ms = trp_rand_below(&r, 10) ? 0 : trp_rand_below(&r, 60000);
      trp_retry_failure f = {.outcome = TROUPE_OUTCOME_TRANSIENT, .retry_after_ms = hint_ms};
      trp_retry_decision d = trp_retry_failed(&t, &c, NULL, &f, 0, trp_rand_double(&r));
      assert_true(d.retry);
      assert_true(d.delay_ms >= hint_ms);
      if (hint_ms) { /* the row starts over, or not: its own test says which */
        assert_true((double)d.delay_ms <= fmax((double)c.max_ms, 1.1 * (double)hint_ms));
        break;
      }
      double low = c.jitter == TRP_RETRY_JITTER_FULL           ? 0
                   : c.jitter == TRP_RETRY_JITTER_EQUAL        ? cap / 2
                   : c.jitter == TRP_RETRY_JITTER_DECORRELATED ? (double)c.base_ms
                                                               : cap;
      double high = c.jitter == TRP_RETRY_JITTER_DECORRELATED ? (double)c.max_ms : cap;
      assert_true((double)d.delay_ms >= low * (1 - 1e-9) - 1);
      assert_true((double)d.delay_ms <= high * (1 + 1e-9));
      trp_retry_started(&t);
    }
  }
}

typedef struct load {
  double factor;  /* attempts per call */
  double success; /* share of calls that succeeded */
} load;

/* 60 s of 100 calls a second with 4 attempts each; attempts fail with the given probability. */
static load simulate(double failure_share, double tokens, trp_rand *r) {
  enum { CALLS = 6000 };
  trp_retry_config c = policy((trp_retry_config){.attempts = 4, .idempotent = true});
  trp_retry_budget b;
  trp_retry_budget_init(&b, &(trp_retry_budget_config){.start = tokens});
  uint64_t attempts = 0;
  uint64_t successes = 0;
  for (int call = 0; call < CALLS; call++) {
    trp_retry t;
    trp_retry_init(&t, 0);
    while (t.phase == TRP_RETRY_RUNNING) {
      attempts++;
      if (trp_rand_double(r) >= failure_share) {
        successes++;
        trp_retry_succeeded(&t, &b);
      } else if (trp_retry_failed(&t, &c, &b, &transient, 0, trp_rand_double(r)).retry) {
        trp_retry_started(&t);
      }
    }
  }
  return (load){.factor = (double)attempts / CALLS, .success = (double)successes / CALLS};
}

static void a_total_outage_costs_at_most_a_twentieth_more_load(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  assert_true(simulate(1.0, 20, &r).factor <= 1.05);
  assert_true(simulate(1.0, 100, &r).factor <= 1.05); /* it was full */
}

static void at_30_percent_failures_19_of_20_calls_succeed(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int run = 0; run < 10; run++)
    assert_true(simulate(0.3, 20, &r).success >= 0.95);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(zero_means_the_documented_defaults),
      cmocka_unit_test(three_attempts_include_the_first),
      cmocka_unit_test(one_attempt_means_no_retry),
      cmocka_unit_test(what_may_have_been_executed_is_retried_only_if_safe),
      cmocka_unit_test(a_throttled_call_was_not_executed_and_needs_no_safety),
      cmocka_unit_test(permanent_and_cancelled_are_never_retried),
      cmocka_unit_test(a_rejection_is_retried_only_where_the_policy_asks),
      cmocka_unit_test(what_an_inner_loop_has_retried_is_final),
      cmocka_unit_test(each_jitter_has_its_row_of_delays),
      cmocka_unit_test(delays_stop_at_the_maximum_however_many_there_are),
      cmocka_unit_test(immediate_retries_wait_only_for_the_service),
      cmocka_unit_test(the_longer_of_backoff_and_hint_wins_and_a_hint_only_grows),
      cmocka_unit_test(the_backoff_starts_over_behind_a_hint),
      cmocka_unit_test(too_long_a_hint_fails_at_once),
      cmocka_unit_test(a_delay_that_reaches_the_deadline_fails_at_once),
      cmocka_unit_test(the_budget_is_taken_before_the_wait_and_only_if_all_else_agrees),
      cmocka_unit_test(a_retry_cancelled_before_it_starts_returns_its_tokens),
      cmocka_unit_test(a_success_feeds_the_budget),
      cmocka_unit_test(a_bad_config_is_refused_by_the_name_of_the_field),
      cmocka_unit_test(names_are_those_of_specs_and_metrics),
      cmocka_unit_test(every_delay_lies_within_the_bounds_of_its_jitter),
      cmocka_unit_test(a_total_outage_costs_at_most_a_twentieth_more_load),
      cmocka_unit_test(at_30_percent_failures_19_of_20_calls_succeed),
  };
  return run_tests(tests);
}
