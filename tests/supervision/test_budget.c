/* The restart budget, at its limits and against a plain list of times. */
#include "tests/test.h"

#include "actors/base/rand.h"
#include "supervision/budget.h"

#include <troupe/error.h>

static trp_budget budget(uint32_t max_restarts, uint64_t window_ms) {
  trp_budget b;
  assert_int_equal(trp_budget_init(&b, NULL, max_restarts, window_ms), TROUPE_OK);
  return b;
}

static void allows_the_limit_and_refuses_the_next(void **state) {
  (void)state;
  trp_budget b = budget(3, 1000);
  assert_true(trp_budget_allow(&b, 10));
  assert_true(trp_budget_allow(&b, 10));
  assert_true(trp_budget_allow(&b, 11));
  assert_false(trp_budget_allow(&b, 12));
  assert_int_equal(trp_budget_used(&b, 12), 3);
  trp_budget_fini(&b);
}

static void a_limit_of_zero_gives_up_on_the_first(void **state) {
  (void)state;
  trp_budget b = budget(0, 1000);
  assert_false(trp_budget_allow(&b, 0));
  assert_false(trp_budget_allow(&b, 5000));
  assert_int_equal(trp_budget_used(&b, 5000), 0);
  trp_budget_fini(&b);
}

static void an_entry_expires_exactly_at_the_age_of_the_window(void **state) {
  (void)state;
  trp_budget b = budget(1, 1000);
  assert_true(trp_budget_allow(&b, 500));
  assert_int_equal(trp_budget_used(&b, 1499), 1);
  assert_false(trp_budget_allow(&b, 1499));
  assert_int_equal(trp_budget_used(&b, 1500), 0);
  assert_true(trp_budget_allow(&b, 1500));
  assert_false(trp_budget_allow(&b, 2499));
  trp_budget_fini(&b);
}

static void one_crash_every_1100_ms_stays_within_1_in_1_s(void **state) {
  (void)state;
  trp_budget b = budget(1, 1000);
  for (uint64_t t = 0; t < 110000; t += 1100)
    assert_true(trp_budget_allow(&b, t));
  trp_budget_fini(&b);
}

static void a_burst_across_any_boundary_gets_no_more_than_the_limit(void **state) {
  (void)state;
  trp_budget b = budget(3, 1000);
  assert_true(trp_budget_allow(&b, 0));
  assert_true(trp_budget_allow(&b, 990));
  assert_true(trp_budget_allow(&b, 995));
  assert_true(trp_budget_allow(&b, 1005)); /* the entry of 0 has gone */
  assert_false(trp_budget_allow(&b, 1010));
  trp_budget_fini(&b);
}

static void a_refusal_leaves_no_trace(void **state) {
  (void)state;
  trp_budget b = budget(1, 1000);
  assert_true(trp_budget_allow(&b, 0));
  for (uint64_t t = 1; t < 1000; t++)
    assert_false(trp_budget_allow(&b, t));
  assert_true(trp_budget_allow(&b, 1000));
  trp_budget_fini(&b);
}

static void time_that_runs_backwards_expires_nothing(void **state) {
  (void)state;
  trp_budget b = budget(2, 1000);
  assert_true(trp_budget_allow(&b, 5000));
  assert_true(trp_budget_allow(&b, 4000)); /* counts as 5000 */
  assert_false(trp_budget_allow(&b, 3000));
  assert_int_equal(trp_budget_used(&b, 0), 2);
  assert_false(trp_budget_allow(&b, 5999));
  assert_true(trp_budget_allow(&b, 6000));
  trp_budget_fini(&b);
}

static void times_near_the_end_of_the_clock_do_not_overflow(void **state) {
  (void)state;
  trp_budget b = budget(1, UINT64_MAX);
  assert_true(trp_budget_allow(&b, 1));
  assert_false(trp_budget_allow(&b, UINT64_MAX));
  trp_budget_fini(&b);
  b = budget(1, 10);
  assert_true(trp_budget_allow(&b, UINT64_MAX - 10));
  assert_false(trp_budget_allow(&b, UINT64_MAX - 1));
  assert_true(trp_budget_allow(&b, UINT64_MAX));
  trp_budget_fini(&b);
}

static void refuses_an_empty_window_and_a_limit_over_a_million(void **state) {
  (void)state;
  trp_budget b;
  assert_int_equal(trp_budget_init(&b, NULL, 1, 0), TROUPE_E_INVALID);
  assert_false(trp_budget_allow(&b, 0));
  trp_budget_fini(&b);
  assert_int_equal(trp_budget_init(&b, NULL, TRP_BUDGET_RESTARTS_MAX + 1, 1), TROUPE_E_INVALID);
  trp_budget_fini(&b);
}

static void a_million_restarts_fit(void **state) {
  (void)state;
  trp_budget b = budget(TRP_BUDGET_RESTARTS_MAX, 10);
  for (uint32_t i = 0; i < TRP_BUDGET_RESTARTS_MAX; i++)
    assert_true(trp_budget_allow(&b, 7));
  assert_false(trp_budget_allow(&b, 16));
  assert_int_equal(trp_budget_used(&b, 16), TRP_BUDGET_RESTARTS_MAX);
  assert_true(trp_budget_allow(&b, 17));
  assert_int_equal(trp_budget_used(&b, 17), 1);
  trp_budget_fini(&b);
}

static void fini_of_a_zeroed_budget_and_twice_is_harmless(void **state) {
  (void)state;
  trp_budget b = {0};
  trp_budget_fini(&b);
  b = budget(2, 1);
  trp_budget_fini(&b);
  trp_budget_fini(&b);
}

static void nothing_is_left_when_the_nth_allocation_fails(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    faulty f;
    faulty_init(&f, n);
    trp_budget b;
    int err = trp_budget_init(&b, &f.allocator, 100, 1000);
    if (err == 0) {
      assert_true(trp_budget_allow(&b, 1));
    } else {
      assert_int_equal(err, TROUPE_E_NO_MEMORY);
      assert_false(trp_budget_allow(&b, 1));
    }
    trp_budget_fini(&b);
    faulty_check(&f);
    if (err == 0 && f.calls < n) break;
  }
}

/* The reference: every granted restart ever, counted anew each time. */
typedef struct model {
  uint64_t times[4096];
  size_t count;
} model;

static uint32_t model_used(const model *m, uint64_t now_ms, uint64_t window_ms) {
  uint32_t used = 0;
  for (size_t i = 0; i < m->count; i++)
    used += now_ms - m->times[i] < window_ms;
  return used;
}

static void run_against_the_model(trp_rand *r) {
  uint32_t max_restarts = (uint32_t)trp_rand_below(r, 9);
  uint64_t window_ms = 1 + trp_rand_below(r, 50);
  trp_budget b = budget(max_restarts, window_ms);
  model m = {.count = 0};
  uint64_t now_ms = trp_rand_below(r, 100);
  for (int step = 0; step < 1000; step++) {
    now_ms += trp_rand_below(r, 4) ? trp_rand_below(r, 5) : trp_rand_below(r, 2 * window_ms);
    uint32_t used = model_used(&m, now_ms, window_ms);
    assert_int_equal(trp_budget_used(&b, now_ms), used);
    bool allowed = trp_budget_allow(&b, now_ms);
    assert_int_equal(allowed, used < max_restarts);
    if (allowed) m.times[m.count++] = now_ms;
    trp_budget_check(&b);
  }
  trp_budget_fini(&b);
}

static void agrees_with_a_list_of_times(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int run = 0; run < 50; run++)
    run_against_the_model(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(allows_the_limit_and_refuses_the_next),
      cmocka_unit_test(a_limit_of_zero_gives_up_on_the_first),
      cmocka_unit_test(an_entry_expires_exactly_at_the_age_of_the_window),
      cmocka_unit_test(one_crash_every_1100_ms_stays_within_1_in_1_s),
      cmocka_unit_test(a_burst_across_any_boundary_gets_no_more_than_the_limit),
      cmocka_unit_test(a_refusal_leaves_no_trace),
      cmocka_unit_test(time_that_runs_backwards_expires_nothing),
      cmocka_unit_test(times_near_the_end_of_the_clock_do_not_overflow),
      cmocka_unit_test(refuses_an_empty_window_and_a_limit_over_a_million),
      cmocka_unit_test(a_million_restarts_fit),
      cmocka_unit_test(fini_of_a_zeroed_budget_and_twice_is_harmless),
      cmocka_unit_test(nothing_is_left_when_the_nth_allocation_fails),
      cmocka_unit_test(agrees_with_a_list_of_times),
  };
  return run_tests(tests);
}
