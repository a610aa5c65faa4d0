/* The supervisor's decisions, against tables written down case by case. */
#include "tests/test.h"

#include "actors/base/rand.h"
#include "supervision/strategy.h"

#define N 5u

static const trp_strategy_input base = {.strategy = TRP_STRATEGY_ONE_FOR_ONE,
                                        .auto_shutdown = TRP_AUTO_SHUTDOWN_NEVER,
                                        .children = N,
                                        .child = 2,
                                        .restart = TRP_RESTART_PERMANENT,
                                        .exit = TROUPE_EXIT_ERROR};

static void has_range(trp_strategy_decision d, uint32_t first, uint32_t end) {
  assert_int_equal(d.range.first, first);
  assert_int_equal(d.range.end, end);
}

static void a_permanent_child_is_restarted_and_counted_after_any_end(void **state) {
  (void)state;
  static const troupe_exit_class ends[] = {TROUPE_EXIT_NORMAL, TROUPE_EXIT_SHUTDOWN,
                                           TROUPE_EXIT_ERROR,  TROUPE_EXIT_KILLED,
                                           TROUPE_EXIT_LINKED, TROUPE_EXIT_MAX_RESTARTS};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    trp_strategy_input in = base;
    in.exit = ends[i];
    trp_strategy_decision d = trp_strategy_decide(&in);
    assert_int_equal(d.act, TRP_ACT_RESTART);
    assert_true(d.costs_budget);
    has_range(d, 2, 3);
  }
}

static void a_transient_supervisor_that_gave_up_is_restarted(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.restart = TRP_RESTART_TRANSIENT;
  in.exit = TROUPE_EXIT_MAX_RESTARTS;
  assert_int_equal(trp_strategy_decide(&in).act, TRP_ACT_RESTART);
}

static void a_transient_child_that_is_done_keeps_its_slot(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.strategy = TRP_STRATEGY_ONE_FOR_ALL;
  in.restart = TRP_RESTART_TRANSIENT;
  in.exit = TROUPE_EXIT_SHUTDOWN;
  trp_strategy_decision d = trp_strategy_decide(&in);
  assert_int_equal(d.act, TRP_ACT_KEEP_STOPPED);
  assert_false(d.costs_budget);
  assert_false(d.report);
  has_range(d, 2, 2);
}

static void a_temporary_child_disappears_and_only_a_crash_is_reported(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.strategy = TRP_STRATEGY_ONE_FOR_ALL;
  in.restart = TRP_RESTART_TEMPORARY;
  trp_strategy_decision d = trp_strategy_decide(&in);
  assert_int_equal(d.act, TRP_ACT_REMOVE);
  assert_true(d.report);
  in.exit = TROUPE_EXIT_NORMAL;
  d = trp_strategy_decide(&in);
  assert_int_equal(d.act, TRP_ACT_REMOVE);
  assert_false(d.report);
}

static void groups_cover_all_or_the_rest(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.strategy = TRP_STRATEGY_ONE_FOR_ALL;
  has_range(trp_strategy_decide(&in), 0, N);
  in.strategy = TRP_STRATEGY_REST_FOR_ONE;
  has_range(trp_strategy_decide(&in), 2, N);
  in.child = 0;
  has_range(trp_strategy_decide(&in), 0, N);
  in.child = N - 1;
  has_range(trp_strategy_decide(&in), N - 1, N);
}

static void escalate_ends_the_supervisor_on_the_first_crash_of_anyone(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.strategy = TRP_STRATEGY_ESCALATE;
  for (int type = TRP_RESTART_PERMANENT; type <= TRP_RESTART_TEMPORARY; type++) {
    in.restart = (trp_restart)type;
    trp_strategy_decision d = trp_strategy_decide(&in);
    assert_int_equal(d.act, TRP_ACT_ESCALATE);
    assert_false(d.costs_budget);
    has_range(d, 0, N);
  }
}

static void escalate_treats_a_clean_end_as_transient(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.strategy = TRP_STRATEGY_ESCALATE;
  in.exit = TROUPE_EXIT_NORMAL;
  assert_int_equal(trp_strategy_decide(&in).act, TRP_ACT_KEEP_STOPPED);
}

static void a_significant_child_that_restarts_shuts_nothing_down(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.restart = TRP_RESTART_TRANSIENT;
  in.significant = true;
  in.auto_shutdown = TRP_AUTO_SHUTDOWN_ANY_SIGNIFICANT;
  assert_int_equal(trp_strategy_decide(&in).act, TRP_ACT_RESTART);
}

static void the_end_of_any_significant_child_shuts_down(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.restart = TRP_RESTART_TRANSIENT;
  in.exit = TROUPE_EXIT_NORMAL;
  in.auto_shutdown = TRP_AUTO_SHUTDOWN_ANY_SIGNIFICANT;
  in.significant_left = 3;
  assert_int_equal(trp_strategy_decide(&in).act, TRP_ACT_KEEP_STOPPED);
  in.significant = true;
  trp_strategy_decision d = trp_strategy_decide(&in);
  assert_int_equal(d.act, TRP_ACT_SHUTDOWN);
  has_range(d, 0, N);
  in.restart = TRP_RESTART_TEMPORARY;
  in.exit = TROUPE_EXIT_ERROR;
  assert_int_equal(trp_strategy_decide(&in).act, TRP_ACT_SHUTDOWN);
}

static void only_the_last_significant_child_shuts_down_with_all(void **state) {
  (void)state;
  trp_strategy_input in = base;
  in.restart = TRP_RESTART_TRANSIENT;
  in.exit = TROUPE_EXIT_NORMAL;
  in.significant = true;
  in.auto_shutdown = TRP_AUTO_SHUTDOWN_ALL_SIGNIFICANT;
  in.significant_left = 1;
  assert_int_equal(trp_strategy_decide(&in).act, TRP_ACT_KEEP_STOPPED);
  in.significant_left = 0;
  assert_int_equal(trp_strategy_decide(&in).act, TRP_ACT_SHUTDOWN);
}

static void a_stop_by_request_restarts_nothing(void **state) {
  (void)state;
  assert_int_equal(trp_strategy_after_stop(TRP_RESTART_PERMANENT), TRP_ACT_KEEP_STOPPED);
  assert_int_equal(trp_strategy_after_stop(TRP_RESTART_TRANSIENT), TRP_ACT_KEEP_STOPPED);
  assert_int_equal(trp_strategy_after_stop(TRP_RESTART_TEMPORARY), TRP_ACT_REMOVE);
}

static void a_group_restart_starts_finished_children_unless_they_are_sticky(void **state) {
  (void)state;
  const trp_restart P = TRP_RESTART_PERMANENT;
  const trp_restart T = TRP_RESTART_TRANSIENT;
  assert_int_equal(trp_strategy_after_group_stop(P, TRP_SLOT_WAS_ALIVE, true), TRP_ACT_RESTART);
  assert_int_equal(trp_strategy_after_group_stop(T, TRP_SLOT_WAS_ALIVE, true), TRP_ACT_RESTART);
  assert_int_equal(trp_strategy_after_group_stop(T, TRP_SLOT_WAS_DONE, false), TRP_ACT_RESTART);
  assert_int_equal(trp_strategy_after_group_stop(T, TRP_SLOT_WAS_DONE, true), TRP_ACT_KEEP_STOPPED);
  assert_int_equal(trp_strategy_after_group_stop(T, TRP_SLOT_WAS_STOPPED, true), TRP_ACT_RESTART);
  assert_int_equal(trp_strategy_after_group_stop(P, TRP_SLOT_WAS_QUARANTINED, false),
                   TRP_ACT_QUARANTINE);
  for (int was = TRP_SLOT_WAS_ALIVE; was <= TRP_SLOT_WAS_QUARANTINED; was++) {
    assert_int_equal(trp_strategy_after_group_stop(TRP_RESTART_TEMPORARY, (trp_slot_was)was, false),
                     TRP_ACT_REMOVE);
  }
}

static void a_failed_start_retries_the_round_or_only_what_is_left_of_it(void **state) {
  (void)state;
  trp_range round = {.first = 1, .end = N};
  assert_int_equal(trp_strategy_retry(TRP_STRATEGY_REST_FOR_ONE, round, 3).first, 3);
  assert_int_equal(trp_strategy_retry(TRP_STRATEGY_REST_FOR_ONE, round, 3).end, N);
  round.first = 0;
  assert_int_equal(trp_strategy_retry(TRP_STRATEGY_ONE_FOR_ALL, round, 3).first, 0);
  round = (trp_range){.first = 3, .end = 4};
  assert_int_equal(trp_strategy_retry(TRP_STRATEGY_ONE_FOR_ONE, round, 3).first, 3);
  assert_int_equal(trp_strategy_retry(TRP_STRATEGY_ONE_FOR_ONE, round, 3).end, 4);
}

static void a_second_crash_widens_the_round(void **state) {
  (void)state;
  const trp_range round = {.first = 2, .end = N};
  trp_range folded = trp_strategy_fold(round, (trp_range){.first = 1, .end = N});
  assert_int_equal(folded.first, 1);
  assert_int_equal(folded.end, N);
  folded = trp_strategy_fold(round, (trp_range){.first = 3, .end = N});
  assert_int_equal(folded.first, 2);
  folded = trp_strategy_fold(round, (trp_range){.first = 0, .end = 0});
  assert_int_equal(folded.first, 2);
  folded = trp_strategy_fold((trp_range){.first = 0, .end = 0}, round);
  assert_int_equal(folded.first, 2);
}

static void at_the_limit_the_child_may_stop_alone(void **state) {
  (void)state;
  trp_strategy_decision d = trp_strategy_at_limit(N, 2, false, TRP_ON_LIMIT_QUARANTINE);
  assert_int_equal(d.act, TRP_ACT_GIVE_UP); /* the supervisor's own budget */
  has_range(d, 0, N);
  d = trp_strategy_at_limit(N, 2, true, TRP_ON_LIMIT_ESCALATE);
  assert_int_equal(d.act, TRP_ACT_GIVE_UP);
  d = trp_strategy_at_limit(N, 2, true, TRP_ON_LIMIT_STOP);
  assert_int_equal(d.act, TRP_ACT_KEEP_STOPPED);
  assert_true(d.report);
  has_range(d, 2, 2);
  d = trp_strategy_at_limit(N, 2, true, TRP_ON_LIMIT_QUARANTINE);
  assert_int_equal(d.act, TRP_ACT_QUARANTINE);
}

static void significant_needs_an_auto_shutdown_and_a_child_that_can_end(void **state) {
  (void)state;
  assert_false(trp_strategy_allows_significant(TRP_AUTO_SHUTDOWN_NEVER, TRP_RESTART_TRANSIENT));
  assert_false(
      trp_strategy_allows_significant(TRP_AUTO_SHUTDOWN_ANY_SIGNIFICANT, TRP_RESTART_PERMANENT));
  assert_true(
      trp_strategy_allows_significant(TRP_AUTO_SHUTDOWN_ALL_SIGNIFICANT, TRP_RESTART_TEMPORARY));
}

static void names_go_both_ways_and_others_are_refused(void **state) {
  (void)state;
  trp_strategy s = TRP_STRATEGY_ONE_FOR_ONE;
  assert_true(trp_strategy_from_name("rest_for_one", &s));
  assert_int_equal(s, TRP_STRATEGY_REST_FOR_ONE);
  assert_string_equal(trp_strategy_name(TRP_STRATEGY_ESCALATE), "escalate");
  assert_false(trp_strategy_from_name("rest_for", &s));
  assert_int_equal(s, TRP_STRATEGY_REST_FOR_ONE);

  trp_restart r = TRP_RESTART_PERMANENT;
  assert_true(trp_restart_from_name("temporary", &r));
  assert_int_equal(r, TRP_RESTART_TEMPORARY);
  assert_string_equal(trp_restart_name(TRP_RESTART_TRANSIENT), "transient");
  assert_false(trp_restart_from_name("", &r));

  trp_auto_shutdown a = TRP_AUTO_SHUTDOWN_NEVER;
  assert_true(trp_auto_shutdown_from_name("all_significant", &a));
  assert_int_equal(a, TRP_AUTO_SHUTDOWN_ALL_SIGNIFICANT);
  assert_string_equal(trp_auto_shutdown_name(TRP_AUTO_SHUTDOWN_NEVER), "never");
  assert_false(trp_auto_shutdown_from_name("Never", &a));

  trp_on_limit l = TRP_ON_LIMIT_ESCALATE;
  assert_true(trp_on_limit_from_name("quarantine", &l));
  assert_int_equal(l, TRP_ON_LIMIT_QUARANTINE);
  assert_string_equal(trp_on_limit_name(TRP_ON_LIMIT_STOP), "stop");
  assert_false(trp_on_limit_from_name("stopped", &l));
}

/* One letter for each strategy (rows) and type, clean then abnormal:
 * R restart, K keep, X remove, E escalate. */
static const char *const table[] = {
    /* P clean, P crash, T clean, T crash, temporary clean, temporary crash */
    "RRKRXX", /* one_for_one */
    "RRKRXX", /* one_for_all */
    "RRKRXX", /* rest_for_one */
    "KEKEXE", /* escalate */
};

static trp_act expected_act(const trp_strategy_input *in) {
  bool crash = in->exit != TROUPE_EXIT_NORMAL && in->exit != TROUPE_EXIT_SHUTDOWN;
  char letter = table[in->strategy][2 * (unsigned)in->restart + crash];
  if (letter == 'R') return TRP_ACT_RESTART;
  if (letter == 'E') return TRP_ACT_ESCALATE;
  bool last = in->auto_shutdown == TRP_AUTO_SHUTDOWN_ANY_SIGNIFICANT ||
              (in->auto_shutdown == TRP_AUTO_SHUTDOWN_ALL_SIGNIFICANT && !in->significant_left);
  if (in->significant && last) return TRP_ACT_SHUTDOWN;
  return letter == 'K' ? TRP_ACT_KEEP_STOPPED : TRP_ACT_REMOVE;
}

/* Is child i touched? The range, one child at a time. */
static bool expected_touched(const trp_strategy_input *in, trp_act act, uint32_t i) {
  if (act == TRP_ACT_KEEP_STOPPED || act == TRP_ACT_REMOVE) return false;
  if (act != TRP_ACT_RESTART || in->strategy == TRP_STRATEGY_ONE_FOR_ALL) return true;
  if (in->strategy == TRP_STRATEGY_REST_FOR_ONE) return i >= in->child;
  return i == in->child;
}

static void agrees_with_the_table_on_random_ends(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int step = 0; step < 50000; step++) {
    uint32_t children = 1 + (uint32_t)trp_rand_below(&r, 8);
    trp_strategy_input in = {
        .strategy = (trp_strategy)trp_rand_below(&r, 4),
        .auto_shutdown = (trp_auto_shutdown)trp_rand_below(&r, 3),
        .children = children,
        .child = (uint32_t)trp_rand_below(&r, children),
        .restart = (trp_restart)trp_rand_below(&r, 3),
        .significant = trp_rand_below(&r, 2),
        .significant_left = (uint32_t)trp_rand_below(&r, 3),
        .exit = (troupe_exit_class)trp_rand_below(&r, TROUPE_EXIT_MAILBOX_OVERFLOW + 1)};
    trp_strategy_decision d = trp_strategy_decide(&in);
    trp_act act = expected_act(&in);
    assert_int_equal(d.act, act);
    assert_int_equal(d.costs_budget, act == TRP_ACT_RESTART);
    for (uint32_t i = 0; i < children; i++) {
      assert_int_equal(i >= d.range.first && i < d.range.end, expected_touched(&in, act, i));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_permanent_child_is_restarted_and_counted_after_any_end),
      cmocka_unit_test(a_transient_supervisor_that_gave_up_is_restarted),
      cmocka_unit_test(a_transient_child_that_is_done_keeps_its_slot),
      cmocka_unit_test(a_temporary_child_disappears_and_only_a_crash_is_reported),
      cmocka_unit_test(groups_cover_all_or_the_rest),
      cmocka_unit_test(escalate_ends_the_supervisor_on_the_first_crash_of_anyone),
      cmocka_unit_test(escalate_treats_a_clean_end_as_transient),
      cmocka_unit_test(a_significant_child_that_restarts_shuts_nothing_down),
      cmocka_unit_test(the_end_of_any_significant_child_shuts_down),
      cmocka_unit_test(only_the_last_significant_child_shuts_down_with_all),
      cmocka_unit_test(a_stop_by_request_restarts_nothing),
      cmocka_unit_test(a_group_restart_starts_finished_children_unless_they_are_sticky),
      cmocka_unit_test(a_failed_start_retries_the_round_or_only_what_is_left_of_it),
      cmocka_unit_test(a_second_crash_widens_the_round),
      cmocka_unit_test(at_the_limit_the_child_may_stop_alone),
      cmocka_unit_test(significant_needs_an_auto_shutdown_and_a_child_that_can_end),
      cmocka_unit_test(names_go_both_ways_and_others_are_refused),
      cmocka_unit_test(agrees_with_the_table_on_random_ends),
  };
  return run_tests(tests);
}
