/* The retry budget: its token sequence at the limits. */
#include "tests/test.h"

#include "actors/base/rand.h"
#include "tools/retry_budget.h"

#include <troupe/error.h>

#include <math.h>

static trp_retry_budget budget(trp_retry_budget_config config) {
  trp_retry_budget b;
  assert_int_equal(trp_retry_budget_config_check(&config, NULL, 0), TROUPE_OK);
  trp_retry_budget_init(&b, &config);
  return b;
}

static void starts_with_20_and_refuses_the_21st(void **state) {
  (void)state;
  trp_retry_budget b = budget((trp_retry_budget_config){0});
  for (int i = 0; i < 20; i++)
    assert_true(trp_retry_budget_take(&b, 1));
  assert_false(trp_retry_budget_take(&b, 1));
  assert_int_equal(b.denied, 1);
}

static void two_successes_pay_for_one_retry(void **state) {
  (void)state;
  trp_retry_budget b = budget((trp_retry_budget_config){.start = TRP_RETRY_BUDGET_NONE});
  trp_retry_budget_success(&b);
  assert_false(trp_retry_budget_take(&b, 1));
  trp_retry_budget_success(&b);
  assert_true(trp_retry_budget_take(&b, 1));
  assert_false(trp_retry_budget_take(&b, 1));
}

static void a_retry_after_a_timeout_needs_two_tokens(void **state) {
  (void)state;
  trp_retry_budget b = budget((trp_retry_budget_config){.start = 3});
  assert_true(trp_retry_budget_take(&b, 2));
  assert_false(trp_retry_budget_take(&b, 2));
  assert_true(trp_retry_budget_take(&b, 1)); /* the refusal took nothing */
}

static void it_never_holds_more_than_its_capacity(void **state) {
  (void)state;
  trp_retry_budget b = budget((trp_retry_budget_config){.capacity = 2, .per_success = 0.75});
  assert_int_equal(b.tokens_milli, 2000); /* the default start fits the capacity */
  trp_retry_budget_success(&b);
  trp_retry_budget_give_back(&b, 1);
  assert_int_equal(b.tokens_milli, 2000);
  assert_true(trp_retry_budget_take(&b, 1));
  trp_retry_budget_success(&b);
  assert_int_equal(b.tokens_milli, 1750);
  trp_retry_budget_give_back(&b, UINT32_MAX);
  assert_int_equal(b.tokens_milli, 2000);
}

static void a_free_take_always_succeeds(void **state) {
  (void)state;
  trp_retry_budget b = budget((trp_retry_budget_config){.start = TRP_RETRY_BUDGET_NONE});
  assert_true(trp_retry_budget_take(&b, 0));
  assert_int_equal(b.denied, 0);
}

static void refuses(trp_retry_budget_config config, const char *field) {
  char msg[80];
  assert_int_equal(trp_retry_budget_config_check(&config, msg, sizeof msg), TROUPE_E_INVALID);
  assert_memory_equal(msg, field, strlen(field));
}

static void a_bad_config_is_refused_by_the_name_of_the_field(void **state) {
  (void)state;
  refuses((trp_retry_budget_config){.capacity = 0.5}, "capacity:");
  refuses((trp_retry_budget_config){.capacity = 2e9}, "capacity:");
  refuses((trp_retry_budget_config){.capacity = (double)NAN}, "capacity:");
  refuses((trp_retry_budget_config){.start = 101}, "start:");
  refuses((trp_retry_budget_config){.start = -0.5}, "start:");
  refuses((trp_retry_budget_config){.per_success = 101}, "per_success:");
}

static void takes_never_exceed_start_and_deposits(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  trp_retry_budget b = budget((trp_retry_budget_config){.capacity = 10, .start = 4});
  double in = 4;
  double out = 0;
  for (int step = 0; step < 100000; step++) {
    uint32_t tokens = 1 + (uint32_t)trp_rand_below(&r, 2);
    if (trp_rand_below(&r, 2)) {
      trp_retry_budget_success(&b);
      in += 0.5;
    } else if (trp_retry_budget_take(&b, tokens)) {
      out += tokens;
    }
    assert_true(out <= in);
    assert_true(b.tokens_milli <= b.capacity_milli);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(starts_with_20_and_refuses_the_21st),
      cmocka_unit_test(two_successes_pay_for_one_retry),
      cmocka_unit_test(a_retry_after_a_timeout_needs_two_tokens),
      cmocka_unit_test(it_never_holds_more_than_its_capacity),
      cmocka_unit_test(a_free_take_always_succeeds),
      cmocka_unit_test(a_bad_config_is_refused_by_the_name_of_the_field),
      cmocka_unit_test(takes_never_exceed_start_and_deposits),
  };
  return run_tests(tests);
}
