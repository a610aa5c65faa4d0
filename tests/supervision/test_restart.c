#include "tests/supervision/tree.h"

/* ---- strategies ---------------------------------------------------------------------------- */

static void one_for_one_restarts_only_the_child(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  tree_start(&t);
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "~b -b +b");
  assert_int_equal(t.log_lines, 1);
  assert_non_null(strstr(t.log, "child_terminated id=b"));
  assert_non_null(strstr(t.log, "class=error code=error decision=\"restart in 0 ms\""));
  tree_close(&t);
}

static void one_for_all_stops_in_reverse_and_starts_in_order(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 3);
  tree_start(&t);
  tree_clear(&t);
  troupe_pid a = t.kids[0].pid;
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "~b -b ~c -c ~a -a +a +b +c");
  assert_int_equal(t.kids[0].pid.id, a.id);
  for (int i = 0; i < 3; i++)
    assert_int_equal(t.kids[i].generation, 2);
  tree_close(&t);
}

static void rest_for_one_leaves_the_earlier_ones(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_REST_FOR_ONE, 4);
  tree_start(&t);
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "~b -b ~d -d ~c -c +b +c +d");
  assert_int_equal(t.kids[0].generation, 1);
  tree_clear(&t);
  tree_tell(&t, 'd', "normal"); /* permanent: comes back */
  assert_string_equal(t.trace, "~d -d +d");
  tree_close(&t);
}

static void escalate_ends_the_supervisor_with_the_reason_wrapped(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ESCALATE, 3);
  tree_start(&t);
  tree_clear(&t);
  tree_tell(&t, 'c', "normal"); /* a clean end is none of it */
  assert_string_equal(t.trace, "~c -c");
  assert_int_equal(t.ends, 0);
  tree_clear(&t);
  tree_tell(&t, 'a', "memory");
  assert_string_equal(t.trace, "-a ~b -b");
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_ERROR);
  assert_string_equal(t.end_reason, "escalated from a: memory_limit");
  tree_close(&t);
}

static void restart_types_decide_about_clean_and_abnormal_ends(void **state) {
  (void)state;
  static const struct {
    const char *how;
    troupe_restart restart;
    bool back;
  } cases[] = {
      {"normal", TROUPE_PERMANENT, true},  {"shutdown", TROUPE_PERMANENT, true},
      {"crash", TROUPE_PERMANENT, true},   {"memory", TROUPE_PERMANENT, true},
      {"normal", TROUPE_TRANSIENT, false}, {"shutdown", TROUPE_TRANSIENT, false},
      {"crash", TROUPE_TRANSIENT, true},   {"memory", TROUPE_TRANSIENT, true},
      {"normal", TROUPE_TEMPORARY, false}, {"shutdown", TROUPE_TEMPORARY, false},
      {"crash", TROUPE_TEMPORARY, false},  {"memory", TROUPE_TEMPORARY, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tree t;
    tree_open(&t, TROUPE_ONE_FOR_ONE, 2);
    t.specs[0].restart = cases[i].restart;
    tree_start(&t);
    tree_tell(&t, 'a', cases[i].how);
    assert_int_equal(t.kids[0].up, cases[i].back);
    assert_int_equal(t.kids[0].inits, cases[i].back ? 2 : 1);
    assert_true(t.kids[1].up);
    char *table = tree_table(&t, t.pid);
    bool listed = table[0] == 'a';
    assert_int_equal(listed, cases[i].restart != TROUPE_TEMPORARY);
    free(table);
    tree_close(&t);
  }
}

static void a_kill_from_outside_restarts(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  t.specs[0].restart = TROUPE_TRANSIENT;
  tree_start(&t);
  troupe_kill(t.w.sys, t.kids[0].pid);
  world_settle(&t.w);
  assert_int_equal(t.kids[0].generation, 2);
  troupe_stop(t.w.sys, t.kids[0].pid); /* a stop is a clean end */
  world_settle(&t.w);
  assert_false(t.kids[0].up);
  tree_close(&t);
}

static void group_restarts_start_the_done_and_drop_the_temporary(void **state) {
  (void)state;
  for (int sticky = 0; sticky < 2; sticky++) {
    tree t;
    tree_open(&t, TROUPE_ONE_FOR_ALL, 4);
    t.spec.sticky_done = sticky != 0;
    t.specs[1].restart = TROUPE_TRANSIENT;
    t.specs[1].start.name = "done";
    t.specs[2].restart = TROUPE_TEMPORARY;
    tree_start(&t);
    tree_tell(&t, 'b', "normal");
    assert_int_equal(troupe_whereis(t.w.sys, "done").id, 0);
    tree_clear(&t);
    tree_tell(&t, 'a', "crash");
    assert_string_equal(t.trace, sticky ? "~a -a ~d -d ~c -c +a +d" : "~a -a ~d -d ~c -c +a +b +d");
    assert_int_equal(t.kids[2].refs, 1); /* the spec's */
    char *table = tree_table(&t, t.pid);
    assert_null(strstr(table, "c\tworker"));
    free(table);
    tree_close(&t);
  }
}

/* ---- budget -------------------------------------------------------------------------------- */

static void one_more_than_the_budget_gives_up(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  tree_start(&t);
  for (int i = 0; i < 3; i++) { /* 3 in 60 s */
    tree_tell(&t, 'b', "crash");
    tree_pass(&t, 1000);
    assert_true(t.kids[1].up);
  }
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "~b -b ~c -c ~a -a");
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_MAX_RESTARTS);
  assert_int_equal(t.end_code, TROUPE_E_MAX_RESTARTS);
  assert_non_null(strstr(t.end_reason, "gave up on b: error"));
  assert_non_null(strstr(t.log, "max_restarts id=b"));
  tree_close(&t);
}

static void the_window_slides_by_the_millisecond(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  t.spec.max_restarts = 1;
  t.spec.window_ms = 1000;
  t.spec.backoff.off = true;
  tree_start(&t);
  for (int i = 0; i < 20; i++) {
    tree_tell(&t, 'a', "crash");
    assert_true(t.kids[0].up);
    tree_pass(&t, 1000);
  }
  tree_tell(&t, 'a', "crash");
  tree_pass(&t, 999);
  assert_int_equal(t.ends, 0);
  tree_tell(&t, 'a', "crash");
  assert_int_equal(t.ends, 1);
  tree_close(&t);
}

static void no_restarts_gives_up_on_the_first(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 2);
  t.spec.max_restarts = TROUPE_RESTARTS_NONE;
  tree_start(&t);
  tree_tell(&t, 'b', "normal");
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_MAX_RESTARTS);
  tree_close(&t);
}

static void a_group_restart_counts_once(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 5);
  t.spec.max_restarts = 2;
  tree_start(&t);
  tree_tell(&t, 'a', "crash");
  tree_tell(&t, 'c', "crash");
  assert_int_equal(t.ends, 0);
  tree_tell(&t, 'e', "crash");
  assert_int_equal(t.ends, 1);
  tree_close(&t);
}

static void a_child_may_have_a_limit_of_its_own(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 3);
  t.spec.max_restarts = 100;
  t.spec.backoff.off = true;
  t.specs[1].max_restarts = 1;
  t.specs[1].on_limit = TROUPE_ON_LIMIT_STOP;
  t.specs[2].max_restarts = TROUPE_RESTARTS_NONE;
  t.specs[2].on_limit = TROUPE_ON_LIMIT_QUARANTINE;
  tree_start(&t);
  tree_tell(&t, 'b', "crash");
  tree_tell(&t, 'b', "crash");
  tree_tell(&t, 'c', "crash");
  assert_true(t.kids[0].up && !t.kids[1].up && !t.kids[2].up);
  assert_int_equal(t.kids[0].inits, 2);
  char *table = tree_table(&t, t.pid);
  assert_non_null(strstr(table, "b\tworker\tstopped\t"));
  assert_non_null(strstr(table, "c\tworker\tquarantined\t"));
  free(table);
  tree_tell(&t, 'a', "crash"); /* a group restart brings back the stopped one only */
  assert_true(t.kids[0].up && t.kids[1].up && !t.kids[2].up);
  tree_close(&t);
}

/* ---- backoff ------------------------------------------------------------------------------- */

static void failed_starts_wait_longer_and_longer(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  t.kids[0].fail_from = 2;
  tree_start(&t);
  uint64_t begin = tree_ms(&t);
  tree_tell(&t, 'a', "crash");
  assert_int_equal(t.kids[0].inits, 2); /* the first restart is immediate */
  uint64_t delay = 100, at = 0;
  for (int i = 3; i <= 11; i++) {
    tree_pass(&t, delay - 1);
    assert_int_equal(t.kids[0].inits, i - 1);
    tree_pass(&t, 1);
    assert_int_equal(t.kids[0].inits, i);
    at += delay;
    assert_int_equal(t.kids[0].init_at_ms - begin, at);
    delay *= 2;
  }
  assert_int_equal(at, 51100);
  assert_int_equal(t.ends, 1); /* 10 failed starts in a row */
  assert_int_equal(t.end_class, TROUPE_EXIT_MAX_RESTARTS);
  assert_int_equal(t.end_at_ms - begin, at);
  tree_close(&t);
}

static void crashes_in_a_row_wait_and_a_long_life_resets(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  t.spec.max_restarts = 100;
  t.spec.backoff.max_ms = 300;
  t.spec.backoff.reset_ms = 5000;
  tree_start(&t);
  static const uint64_t delays[] = {0, 100, 200, 300, 300};
  for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
    uint64_t begin = tree_ms(&t);
    tree_tell(&t, 'a', "crash");
    tree_pass(&t, 1000);
    assert_int_equal(t.kids[0].init_at_ms - begin, delays[i]);
  }
  tree_pass(&t, 5000);
  tree_tell(&t, 'a', "crash");
  assert_true(t.kids[0].up);
  tree_close(&t);
}

static void without_backoff_failed_starts_cost_the_budget(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 2);
  t.spec.backoff.off = true;
  t.kids[1].fail_from = 2;
  tree_start(&t);
  tree_tell(&t, 'b', "crash");
  assert_int_equal(t.kids[1].inits, 1 + 3); /* as OTP counts */
  assert_int_equal(t.ends, 1);
  tree_close(&t);
}

static void a_supervisor_is_stopped_during_a_delay(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 2);
  t.spec.backoff.first_delayed = true;
  tree_start(&t);
  tree_tell(&t, 'a', "crash");
  assert_false(t.kids[0].up || t.kids[1].up);
  troupe_stop(t.w.sys, t.pid);
  world_settle(&t.w);
  assert_int_equal(t.ends, 1);
  tree_pass(&t, 1000);
  assert_int_equal(t.kids[0].inits, 1);
  tree_close(&t);
}

/* ---- rounds -------------------------------------------------------------------------------- */

static void one_for_all_repeats_the_round_when_a_start_fails(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 3);
  tree_start(&t);
  t.kids[2].fail_inits = 1;
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "~b -b ~c -c ~a -a +a +b !c ~b -b ~a -a");
  tree_clear(&t);
  tree_pass(&t, 99);
  assert_string_equal(t.trace, "");
  tree_pass(&t, 1);
  assert_string_equal(t.trace, "+a +b +c");
  tree_close(&t);
}

static void rest_for_one_goes_on_at_the_child_that_failed(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_REST_FOR_ONE, 4);
  tree_start(&t);
  t.kids[2].fail_inits = 2;
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "~b -b ~d -d ~c -c +b !c");
  tree_pass(&t, 100);
  tree_pass(&t, 200);
  assert_string_equal(t.trace, "~b -b ~d -d ~c -c +b !c !c +c +d");
  tree_close(&t);
}

static void an_end_while_the_round_stops_is_folded_in(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 3);
  t.spec.max_restarts = 2;
  t.kids[2].stop_ms = 100;
  tree_start(&t);
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  tree_tell(&t, 'a', "crash"); /* the second of two */
  assert_string_equal(t.trace, "~b -b ~c ~a -a");
  tree_pass(&t, 100);
  assert_string_equal(t.trace, "~b -b ~c ~a -a -c +a +b +c");
  assert_int_equal(t.ends, 0);
  tree_tell(&t, 'c', "crash");
  assert_int_equal(t.ends, 1);
  tree_close(&t);
}

static void an_end_while_the_round_starts_begins_it_again(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 3);
  tree_start(&t);
  t.kids[2].slow_init = true;
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "~b -b ~c -c ~a -a +a +b +c");
  tree_clear(&t);
  t.kids[2].slow_init = false;
  tree_tell(&t, 'a', "crash");
  assert_string_equal(t.trace, "~a -a -c ~b -b +a +b +c");
  tree_close(&t);
}

static void rest_for_one_folds_only_what_is_left_to_start(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_REST_FOR_ONE, 5);
  tree_start(&t);
  t.kids[4].slow_init = true;
  tree_tell(&t, 'b', "crash"); /* b, c, d are up again, e is starting */
  tree_clear(&t);
  t.kids[4].slow_init = false;
  tree_tell(&t, 'd', "crash");
  assert_string_equal(t.trace, "~d -d -e +d +e"); /* b and c stay */
  tree_close(&t);
}

static void the_longer_delay_of_a_folded_round_counts(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_REST_FOR_ONE, 4);
  t.spec.max_restarts = 10;
  tree_start(&t);
  tree_tell(&t, 'd', "crash");
  tree_tell(&t, 'd', "crash"); /* waits 100 */
  tree_clear(&t);
  tree_pass(&t, 40);
  tree_tell(&t, 'b', "crash"); /* its first: alone it would not wait */
  assert_string_equal(t.trace, "~b -b ~c -c");
  tree_pass(&t, 59);
  assert_string_equal(t.trace, "~b -b ~c -c");
  tree_pass(&t, 1);
  assert_string_equal(t.trace, "~b -b ~c -c +b +c +d");
  tree_close(&t);
}

static void an_end_during_the_first_start_is_a_restart(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 3);
  t.specs[0].restart = TROUPE_TEMPORARY;
  t.kids[2].slow_init = true;
  tree_start(&t);
  assert_string_equal(t.trace, "+a +b +c");
  t.kids[2].slow_init = false;
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "+a +b +c ~b -b -c ~a -a +b +c");
  tree_close(&t);
}

static void a_restart_that_fails_during_the_first_start_is_tried_again(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 3);
  t.kids[2].slow_init = true;
  tree_start(&t);
  t.kids[2].slow_init = false;
  t.kids[1].fail_inits = 1; /* it has been up, so this does not end the supervisor */
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  assert_string_equal(t.trace, "~b -b -c ~a -a +a !b ~a -a");
  tree_pass(&t, 100);
  assert_true(t.kids[0].up && t.kids[1].up && t.kids[2].up);
  tree_close(&t);
}

static void a_round_goes_on_without_a_child_at_its_limit(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_REST_FOR_ONE, 4);
  t.spec.backoff.max_attempts = 2;
  t.specs[2].on_limit = TROUPE_ON_LIMIT_STOP;
  tree_start(&t);
  t.kids[2].fail_inits = 2;
  tree_clear(&t);
  tree_tell(&t, 'b', "crash");
  tree_pass(&t, 100);
  assert_string_equal(t.trace, "~b -b ~d -d ~c -c +b !c !c +d");
  assert_int_equal(t.ends, 0);
  tree_close(&t);
}

/* ---- ends before the start is over --------------------------------------------------------- */

static void a_child_that_is_done_before_it_started_is_passed(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 3);
  t.spec.sticky_done = true;
  t.specs[1].restart = TROUPE_TRANSIENT;
  t.kids[1].slow_init = true;
  tree_start(&t);
  troupe_stop(t.w.sys, t.kids[1].pid); /* not by its supervisor */
  world_settle(&t.w);
  assert_string_equal(t.trace, "+a +b -b +c");
  tree_tell(&t, 'a', "crash");
  assert_int_equal(t.kids[1].inits, 1);
  assert_true(t.kids[0].up && t.kids[2].up);
  tree_close(&t);
}

static void a_permanent_child_must_not_be_done_before_it_started(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 2);
  t.kids[1].slow_init = true;
  tree_start(&t);
  troupe_stop(t.w.sys, t.kids[1].pid);
  world_settle(&t.w);
  assert_int_equal(t.end_class, TROUPE_EXIT_INIT_FAILED);
  assert_int_equal(t.end_code, TROUPE_E_INIT_FAILED);
  assert_string_equal(t.end_reason, "failed_to_start_child b: shutdown");
  tree_close(&t);
}

static void nothing_restarts_while_others_are_being_stopped(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 2);
  t.spec.backoff.first_delayed = true;
  t.kids[1].stop_ms = 500;
  tree_start(&t);
  tree_tell(&t, 'a', "crash");
  tree_clear(&t);
  troupe_stop(t.w.sys, t.pid);
  tree_pass(&t, 1000);
  assert_string_equal(t.trace, "~b -b");
  assert_int_equal(t.ends, 1);
  tree_close(&t);
}

/* ---- giving up ----------------------------------------------------------------------------- */

static void what_does_not_stop_in_time_is_killed(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 4);
  t.spec.max_restarts = TROUPE_RESTARTS_NONE;
  t.spec.escalation_timeout_ms = 700;
  for (int i = 0; i < 3; i++) {
    t.specs[i].shutdown_ms = TROUPE_INFINITY;
    t.kids[i].deaf = true;
  }
  tree_start(&t);
  uint64_t begin = tree_ms(&t);
  tree_clear(&t);
  tree_tell(&t, 'd', "crash");
  assert_string_equal(t.trace, "~d -d ~c");
  tree_pass(&t, 699);
  assert_int_equal(t.ends, 0);
  tree_pass(&t, 1);
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_at_ms - begin, 700);
  assert_int_equal(t.end_class, TROUPE_EXIT_MAX_RESTARTS);
  tree_close(&t);
}

static void a_storm_is_logged_in_few_lines(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  t.spec.max_restarts = 1000;
  t.spec.backoff.off = true;
  tree_start(&t);
  for (int i = 0; i < 35; i++)
    tree_tell(&t, 'a', "crash");
  assert_int_equal(t.log_lines, 10);
  tree_pass(&t, 1000);
  tree_tell(&t, 'a', "crash");
  assert_int_equal(t.log_lines, 12);
  assert_non_null(strstr(t.log, "25 reports suppressed"));
  tree_close(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_for_one_restarts_only_the_child),
      cmocka_unit_test(one_for_all_stops_in_reverse_and_starts_in_order),
      cmocka_unit_test(rest_for_one_leaves_the_earlier_ones),
      cmocka_unit_test(escalate_ends_the_supervisor_with_the_reason_wrapped),
      cmocka_unit_test(restart_types_decide_about_clean_and_abnormal_ends),
      cmocka_unit_test(a_kill_from_outside_restarts),
      cmocka_unit_test(group_restarts_start_the_done_and_drop_the_temporary),
      cmocka_unit_test(one_more_than_the_budget_gives_up),
      cmocka_unit_test(the_window_slides_by_the_millisecond),
      cmocka_unit_test(no_restarts_gives_up_on_the_first),
      cmocka_unit_test(a_group_restart_counts_once),
      cmocka_unit_test(a_child_may_have_a_limit_of_its_own),
      cmocka_unit_test(failed_starts_wait_longer_and_longer),
      cmocka_unit_test(crashes_in_a_row_wait_and_a_long_life_resets),
      cmocka_unit_test(without_backoff_failed_starts_cost_the_budget),
      cmocka_unit_test(a_supervisor_is_stopped_during_a_delay),
      cmocka_unit_test(one_for_all_repeats_the_round_when_a_start_fails),
      cmocka_unit_test(rest_for_one_goes_on_at_the_child_that_failed),
      cmocka_unit_test(an_end_while_the_round_stops_is_folded_in),
      cmocka_unit_test(an_end_while_the_round_starts_begins_it_again),
      cmocka_unit_test(rest_for_one_folds_only_what_is_left_to_start),
      cmocka_unit_test(the_longer_delay_of_a_folded_round_counts),
      cmocka_unit_test(an_end_during_the_first_start_is_a_restart),
      cmocka_unit_test(a_restart_that_fails_during_the_first_start_is_tried_again),
      cmocka_unit_test(a_round_goes_on_without_a_child_at_its_limit),
      cmocka_unit_test(a_child_that_is_done_before_it_started_is_passed),
      cmocka_unit_test(a_permanent_child_must_not_be_done_before_it_started),
      cmocka_unit_test(nothing_restarts_while_others_are_being_stopped),
      cmocka_unit_test(what_does_not_stop_in_time_is_killed),
      cmocka_unit_test(a_storm_is_logged_in_few_lines),
  };
  return run_tests(tests);
}
