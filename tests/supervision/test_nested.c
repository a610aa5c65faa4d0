#include "tests/supervision/tree.h"

/* top { a, s { b, c }, d }; the inner supervisor is child 4 of the specs. */
typedef struct nested {
  tree t;
  troupe_supervisor_spec inner;
  troupe_child_spec top[3];
} nested;

/* The specs, for a tree that is open. */
static void nested_plan(nested *n) {
  tree *t = &n->t;
  n->inner = (troupe_supervisor_spec)TROUPE_SUPERVISOR_SPEC_INIT;
  n->inner.max_restarts = TROUPE_RESTARTS_NONE;
  n->inner.children = &t->specs[1];
  n->inner.children_len = 2;
  n->top[0] = t->specs[0];
  n->top[1] = (troupe_child_spec){.id = "s", .supervisor = &n->inner, .start = TROUPE_SPAWN_INIT};
  n->top[1].start.name = "sub";
  n->top[2] = t->specs[3];
  t->spec.children = n->top;
  t->spec.children_len = 3;
}

static void nested_open(nested *n) {
  tree_open(&n->t, TROUPE_ONE_FOR_ONE, 0);
  nested_plan(n);
}

static void a_tree_starts_and_stops_in_order(void **state) {
  (void)state;
  nested n;
  nested_open(&n);
  tree_start(&n.t);
  assert_string_equal(n.t.trace, "+a +b +c +d");
  char *table = tree_table(&n.t, troupe_whereis(n.t.w.sys, "sub"));
  assert_non_null(strstr(table, "b\tworker\trunning\t1\t0\t"));
  free(table);
  table = tree_table(&n.t, n.t.pid);
  assert_non_null(strstr(table, "s\tsupervisor\trunning\t1\t0\t"));
  free(table);
  tree_clear(&n.t);
  troupe_stop(n.t.w.sys, n.t.pid);
  world_settle(&n.t.w);
  assert_string_equal(n.t.trace, "~d -d ~c -c ~b -b ~a -a");
  tree_close(&n.t);
}

static void the_next_sibling_waits_for_the_whole_inner_tree(void **state) {
  (void)state;
  nested n;
  nested_open(&n);
  n.t.kids[2].slow_init = true;
  tree_start(&n.t);
  assert_string_equal(n.t.trace, "+a +b +c");
  tree_clear(&n.t);
  troupe_stop(n.t.w.sys, n.t.pid); /* and both levels stop in order while they start */
  world_settle(&n.t.w);
  assert_string_equal(n.t.trace, "-c ~b -b ~a -a");
  tree_close(&n.t);
}

static void a_failed_start_rolls_the_whole_tree_back(void **state) {
  (void)state;
  nested n;
  nested_open(&n);
  n.t.kids[2].fail_inits = 1;
  tree_start(&n.t);
  assert_string_equal(n.t.trace, "+a +b !c ~b -b ~a -a");
  assert_int_equal(n.t.end_class, TROUPE_EXIT_INIT_FAILED);
  assert_non_null(strstr(n.t.end_reason, "failed_to_start_child s: init_failed: "
                                         "failed_to_start_child c: init_failed"));
  tree_close(&n.t);
}

static void a_transient_supervisor_that_gave_up_is_restarted(void **state) {
  (void)state;
  for (int restart = TROUPE_PERMANENT; restart <= TROUPE_TEMPORARY; restart++) {
    nested n;
    nested_open(&n);
    n.top[1].restart = (troupe_restart)restart;
    tree_start(&n.t);
    troupe_pid sub = troupe_whereis(n.t.w.sys, "sub");
    tree_clear(&n.t);
    tree_tell(&n.t, 'b', "crash");
    bool back = restart != TROUPE_TEMPORARY;
    assert_string_equal(n.t.trace, back ? "~b -b ~c -c +b +c" : "~b -b ~c -c");
    assert_int_equal(troupe_whereis(n.t.w.sys, "sub").id, back ? sub.id : 0);
    assert_non_null(strstr(n.t.log, "child_terminated id=s"));
    assert_non_null(strstr(n.t.log, "class=max_restarts code=max_restarts"));
    assert_int_equal(n.t.ends, 0);
    tree_close(&n.t);
  }
}

static void giving_up_goes_from_parent_to_parent(void **state) {
  (void)state;
  nested n;
  nested_open(&n);
  n.t.spec.max_restarts = 1;
  tree_start(&n.t);
  tree_tell(&n.t, 'b', "crash");
  assert_int_equal(n.t.ends, 0);
  tree_clear(&n.t);
  tree_tell(&n.t, 'c', "crash");
  assert_string_equal(n.t.trace, "~c -c ~b -b ~d -d ~a -a");
  assert_int_equal(n.t.ends, 1);
  assert_int_equal(n.t.end_class, TROUPE_EXIT_MAX_RESTARTS);
  assert_non_null(strstr(n.t.end_reason, "gave up on s: max_restarts: gave up on c: error"));
  tree_close(&n.t);
}

static void a_deaf_grandchild_holds_nobody_up_for_long(void **state) {
  (void)state;
  nested n;
  nested_open(&n);
  n.t.spec.max_restarts = TROUPE_RESTARTS_NONE;
  n.t.specs[2].shutdown_ms = TROUPE_INFINITY;
  n.t.kids[2].deaf = true;
  tree_start(&n.t);
  uint64_t begin = tree_ms(&n.t);
  tree_tell(&n.t, 'd', "crash"); /* the top gives up; the inner one waits for c */
  tree_pass(&n.t, 9999);
  assert_true(n.t.kids[2].up);
  assert_int_equal(n.t.ends, 0);
  tree_pass(&n.t, 1);
  assert_false(n.t.kids[2].up || n.t.kids[0].up);
  assert_int_equal(n.t.end_at_ms - begin, 10000);
  tree_close(&n.t);
}

static void an_auto_shutdown_is_a_clean_end_for_the_parent(void **state) {
  (void)state;
  nested n;
  nested_open(&n);
  n.top[1].restart = TROUPE_TRANSIENT;
  n.inner.auto_shutdown = TROUPE_AUTO_SHUTDOWN_ANY;
  n.t.specs[1].restart = TROUPE_TRANSIENT;
  n.t.specs[1].significant = true;
  tree_start(&n.t);
  tree_tell(&n.t, 'b', "normal");
  assert_false(n.t.kids[1].up || n.t.kids[2].up);
  assert_true(n.t.kids[0].up && n.t.kids[3].up);
  assert_int_equal(n.t.log_lines, 0);
  tree_close(&n.t);
}

static void a_killed_inner_supervisor_comes_back_whole(void **state) {
  (void)state;
  nested n;
  nested_open(&n);
  tree_start(&n.t);
  troupe_kill(n.t.w.sys, troupe_whereis(n.t.w.sys, "sub"));
  world_settle(&n.t.w);
  assert_int_equal(n.t.kids[1].inits, 2);
  assert_int_equal(n.t.kids[1].finis, 1);
  assert_int_equal(n.t.kids[2].inits, 2);
  assert_true(n.t.kids[1].up && n.t.kids[2].up);
  tree_close(&n.t);
}

/* Start, group restarts with delays, an inner supervisor that gives up and comes back, the end:
 * each allocation of all that fails once. Whatever comes of it, nothing is left and nobody waits.
 */
static void a_life_with_any_allocation_failing_leaves_nothing(void **state) {
  (void)state;
  static nested n; /* large */
  for (long at = 1;; at++) {
    int err = tree_try_open(&n.t, at);
    if (err == TROUPE_OK) {
      tree *t = &n.t;
      for (unsigned i = 0; i < KIDS; i++)
        tree_kid(t, i);
      t->spec = (troupe_supervisor_spec)TROUPE_SUPERVISOR_SPEC_INIT;
      nested_plan(&n);
      t->spec.strategy = TROUPE_REST_FOR_ONE;
      t->spec.backoff.first_delayed = true;
      n.inner.strategy = TROUPE_ONE_FOR_ALL;
      n.inner.max_restarts = 1;
      n.inner.backoff.first_delayed = true;
      n.top[0].restart = TROUPE_TRANSIENT;
      n.top[0].start.name = "first";
      err = tree_try_start(t);
      static const char *const script[] = {"b crash", "a normal", "c crash", "d crash", "a crash"};
      for (size_t i = 0; i < sizeof script / sizeof *script; i++) {
        (void)troupe_tell(t->w.sys, tree_find(t, script[i][0])->pid, script[i] + 2, NULL, 0);
        tree_pass(t, 5000);
      }
      assert_int_equal(troupe_system_stop(t->w.sys, 1000), TROUPE_OK);
      troupe_system_free(t->w.sys);
      assert_int_equal(t->ends, err == TROUPE_OK);
      for (unsigned i = 0; i < KIDS; i++) {
        assert_int_equal(t->kids[i].refs, 0);
        assert_false(t->kids[i].up);
      }
    }
    faulty_check(&n.t.w.memory);
    if (err == TROUPE_OK && n.t.w.memory.calls < at) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_tree_starts_and_stops_in_order),
      cmocka_unit_test(the_next_sibling_waits_for_the_whole_inner_tree),
      cmocka_unit_test(a_failed_start_rolls_the_whole_tree_back),
      cmocka_unit_test(a_transient_supervisor_that_gave_up_is_restarted),
      cmocka_unit_test(giving_up_goes_from_parent_to_parent),
      cmocka_unit_test(a_deaf_grandchild_holds_nobody_up_for_long),
      cmocka_unit_test(an_auto_shutdown_is_a_clean_end_for_the_parent),
      cmocka_unit_test(a_killed_inner_supervisor_comes_back_whole),
      cmocka_unit_test(a_life_with_any_allocation_failing_leaves_nothing),
  };
  return run_tests(tests);
}
