#include "tests/supervision/tree.h"

/* ---- start and stop ------------------------------------------------------------------------ */

static void children_start_in_order_and_stop_in_reverse(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  tree_start(&t);
  assert_string_equal(t.trace, "+a +b +c");
  tree_clear(&t);
  assert_int_equal(troupe_stop(t.w.sys, t.pid), TROUPE_OK);
  world_settle(&t.w);
  assert_string_equal(t.trace, "~c -c ~b -b ~a -a");
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_SHUTDOWN);
  assert_int_equal(t.log_lines, 0); /* nothing is said about clean ends */
  tree_close(&t);
  assert_int_equal(t.ends, 1);
}

static void each_child_waits_for_the_one_before_it_to_have_started(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  t.kids[1].slow_init = true;
  tree_start(&t);
  assert_string_equal(t.trace, "+a +b");
  tree_pass(&t, 1000);
  assert_string_equal(t.trace, "+a +b");
  tree_pass(&t, 29000); /* its init_timeout_ms: a failed start */
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_INIT_FAILED);
  assert_string_equal(t.end_reason, "failed_to_start_child b: init_timeout");
  tree_close(&t);
}

static void a_failed_start_rolls_back_in_reverse(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_REST_FOR_ONE, 4);
  t.kids[2].fail_inits = 1;
  tree_start(&t);
  assert_string_equal(t.trace, "+a +b !c ~b -b ~a -a");
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_INIT_FAILED);
  assert_int_equal(t.end_code, TROUPE_E_TOOL);
  assert_non_null(strstr(t.end_reason, "failed_to_start_child c: init_failed"));
  assert_non_null(strstr(t.log, "start_error id=c"));
  assert_int_equal(troupe_whereis(t.w.sys, "top").id, 0);
  tree_close(&t);
}

static void a_name_that_is_taken_fails_the_start(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 2);
  t.specs[0].start.name = t.specs[1].start.name = "same";
  tree_start(&t);
  assert_int_equal(t.end_class, TROUPE_EXIT_INIT_FAILED);
  assert_int_equal(t.end_code, TROUPE_E_ALREADY_REGISTERED);
  tree_close(&t);
}

static void a_supervisor_is_stopped_in_order_while_it_starts(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 4);
  t.kids[2].slow_init = true;
  tree_start(&t);
  assert_string_equal(t.trace, "+a +b +c");
  tree_clear(&t);
  troupe_stop(t.w.sys, t.pid);
  world_settle(&t.w);
  assert_string_equal(t.trace, "-c ~b -b ~a -a"); /* an init that is not done has nothing to stop */
  assert_int_equal(t.end_class, TROUPE_EXIT_SHUTDOWN);
  tree_close(&t);
}

static void without_children_it_starts_and_stops(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ALL, 0);
  tree_start(&t);
  char *table = tree_table(&t, t.pid);
  assert_string_equal(table, "");
  free(table);
  tree_close(&t);
  assert_int_equal(t.ends, 1);
}

static void children_that_do_not_stop_are_killed_one_after_another(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 4);
  t.kids[0].deaf = t.kids[2].deaf = t.kids[3].deaf = true;
  t.specs[0].shutdown_ms = 300;
  t.specs[2].shutdown_ms = TROUPE_SHUTDOWN_KILL;
  t.kids[1].stop_ms = 200;
  tree_start(&t);
  tree_clear(&t);
  uint64_t begin = tree_ms(&t);
  troupe_stop(t.w.sys, t.pid);
  tree_pass(&t, 10000);
  assert_string_equal(t.trace, "~d -d -c ~b -b ~a -a");
  assert_int_equal(t.kids[3].fini_at_ms - begin, 5000);
  assert_int_equal(t.kids[2].fini_at_ms - begin, 5000);
  assert_int_equal(t.kids[1].fini_at_ms - begin, 5200);
  assert_int_equal(t.end_at_ms - begin, 5500);
  assert_non_null(strstr(t.log, "shutdown_error id=d"));
  assert_non_null(strstr(t.log, "shutdown_error id=a"));
  assert_int_equal(t.log_lines, 2); /* the kill of c was asked for */
  tree_close(&t);
}

static void infinity_waits_for_ever(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  t.specs[0].shutdown_ms = TROUPE_INFINITY;
  t.kids[0].stop_ms = 1000000;
  tree_start(&t);
  troupe_stop(t.w.sys, t.pid);
  tree_pass(&t, 999999);
  assert_int_equal(t.ends, 0);
  tree_pass(&t, 1);
  assert_int_equal(t.ends, 1);
  tree_close(&t);
}

static void a_child_that_ends_by_itself_during_the_stop_is_accepted(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  t.kids[2].stop_ms = 100;
  tree_start(&t);
  tree_clear(&t);
  troupe_stop(t.w.sys, t.pid);
  world_settle(&t.w);
  tree_tell(&t, 'a', "crash");
  tree_tell(&t, 'b', "normal");
  assert_string_equal(t.trace, "~c ~a -a ~b -b");
  tree_pass(&t, 100);
  assert_string_equal(t.trace, "~c ~a -a ~b -b -c");
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_SHUTDOWN);
  assert_int_equal(t.log_lines, 1);
  assert_non_null(strstr(t.log, "shutdown_error id=a"));
  tree_close(&t);
}

static void a_killed_supervisor_leaves_no_orphan(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  t.kids[1].deaf = true;
  tree_start(&t);
  tree_clear(&t);
  troupe_kill(t.w.sys, t.pid);
  world_settle(&t.w);
  assert_null(strchr(t.trace, '~')); /* killed, not stopped */
  for (int i = 0; i < 3; i++)
    assert_false(t.kids[i].up);
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_KILLED);
  tree_close(&t);
}

/* ---- who hears of it ----------------------------------------------------------------------- */

typedef struct witness {
  troupe_pid target;
  int downs;
  troupe_exit_class why;
} witness;

static int witness_init(troupe_actor *a, void *arg) {
  uint64_t id;
  troupe_actor_set_state(a, arg);
  return troupe_actor_monitor(a, ((witness *)arg)->target, &id);
}
static int witness_receive(troupe_actor *a, const troupe_message *m) {
  witness *w = troupe_actor_state(a);
  if (m->type == TROUPE_MESSAGE_DOWN) {
    w->downs++;
    w->why = m->reason->class_;
  }
  return TROUPE_OK;
}
static const troupe_behavior witness_behavior = {.size = sizeof witness_behavior,
                                                 .name = "witness",
                                                 .init = witness_init,
                                                 .receive = witness_receive};

static void monitors_fire_once_when_the_child_is_gone_for_good(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  t.specs[0].restart = TROUPE_TRANSIENT;
  tree_start(&t);
  witness w = {.target = t.kids[0].pid};
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  troupe_pid pid;
  o.behavior = &witness_behavior;
  o.arg = &w;
  assert_int_equal(troupe_spawn(t.w.sys, &pid, &o), TROUPE_OK);
  world_settle(&t.w);
  tree_tell(&t, 'a', "crash");
  assert_int_equal(t.kids[0].generation, 2);
  assert_int_equal(w.downs, 0);
  tree_tell(&t, 'a', "normal");
  assert_int_equal(w.downs, 1);
  assert_int_equal(w.why, TROUPE_EXIT_NORMAL);
  tree_close(&t);
  assert_int_equal(w.downs, 1);
}

static void pid_name_and_queue_survive_a_restart(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  t.specs[0].start.name = "worker";
  t.spec.backoff.first_delayed = true;
  tree_start(&t);
  troupe_pid pid = t.kids[0].pid;
  tree_send(&t, 'a', "crash");
  tree_send(&t, 'a', "work");
  tree_send(&t, 'a', "work");
  world_settle(&t.w);
  assert_false(t.kids[0].up);
  assert_int_equal(t.w.dead_seen, 1); /* the message in progress */
  assert_int_equal(t.w.last_dead, TROUPE_DEAD_CRASHED);
  assert_int_equal(troupe_whereis(t.w.sys, "worker").id, pid.id); /* no gap */
  tree_send(&t, 'a', "work");                                     /* and still a mailbox */
  tree_pass(&t, 100);
  assert_true(t.kids[0].up);
  assert_int_equal(t.kids[0].pid.id, pid.id);
  assert_int_equal(t.kids[0].generation, 2);
  assert_int_equal(t.kids[0].works, 1 + 3);
  assert_int_equal(t.w.dead_seen, 1);
  tree_close(&t);
}

static void the_table_tells_the_state_of_each_child(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 4);
  t.specs[1].restart = TROUPE_TRANSIENT;
  t.specs[2].restart = TROUPE_TEMPORARY;
  t.spec.backoff.first_delayed = true;
  tree_start(&t);
  tree_tell(&t, 'a', "crash");
  tree_pass(&t, 100);
  tree_tell(&t, 'b', "normal");
  tree_tell(&t, 'c', "normal");
  tree_tell(&t, 'd', "crash");
  char expected[256];
  snprintf(expected, sizeof expected,
           "a\tworker\trunning\t2\t1\t%llu\nb\tworker\tstopped\t0\t0\t0\n"
           "d\tworker\trestarting\t1\t0\t%llu\n",
           (unsigned long long)t.kids[0].pid.id, (unsigned long long)t.kids[3].pid.id);
  char *table = tree_table(&t, t.pid);
  assert_string_equal(table, expected);
  free(table);
  tree_close(&t);
}

static void unknown_messages_are_refused(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 1);
  tree_start(&t);
  assert_int_equal(troupe_ask_wait(t.w.sys, t.pid, NULL, "dance", NULL, 0, NULL, NULL, NULL, 0),
                   TROUPE_E_NO_HANDLER);
  troupe_tell(t.w.sys, t.pid, TROUPE_ASK_CHILDREN, NULL, 0);
  world_settle(&t.w);
  assert_int_equal(t.w.last_dead, TROUPE_DEAD_NO_HANDLER);
  assert_true(t.kids[0].up);
  tree_close(&t);
}

/* ---- auto shutdown ------------------------------------------------------------------------- */

static void any_significant_child_that_is_done_ends_the_supervisor(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  t.spec.auto_shutdown = TROUPE_AUTO_SHUTDOWN_ANY;
  t.specs[1].restart = TROUPE_TRANSIENT;
  t.specs[1].significant = true;
  tree_start(&t);
  tree_tell(&t, 'b', "crash"); /* restarted: it is not done */
  assert_int_equal(t.ends, 0);
  tree_clear(&t);
  tree_tell(&t, 'b', "normal");
  assert_string_equal(t.trace, "~b -b ~c -c ~a -a");
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_SHUTDOWN);
  assert_string_equal(t.end_reason, "significant child b has ended");
  tree_close(&t);
}

static void all_significant_waits_for_the_last_one(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  t.spec.auto_shutdown = TROUPE_AUTO_SHUTDOWN_ALL;
  t.specs[0].restart = TROUPE_TRANSIENT;
  t.specs[2].restart = TROUPE_TEMPORARY;
  t.specs[0].significant = t.specs[2].significant = true;
  tree_start(&t);
  tree_tell(&t, 'a', "shutdown");
  assert_int_equal(t.ends, 0);
  tree_tell(&t, 'c', "crash"); /* temporary: it is done however it ends */
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_SHUTDOWN);
  tree_close(&t);
}

static void significant_children_that_have_not_started_count_as_left(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 3);
  t.spec.auto_shutdown = TROUPE_AUTO_SHUTDOWN_ALL;
  t.specs[0].restart = t.specs[2].restart = TROUPE_TRANSIENT;
  t.specs[0].significant = t.specs[2].significant = true;
  t.kids[1].slow_init = true;
  tree_start(&t);
  tree_tell(&t, 'a', "normal");
  assert_int_equal(t.ends, 0);
  tree_close(&t);
}

static void a_significant_child_at_its_limit_is_not_waited_for(void **state) {
  (void)state;
  tree t;
  tree_open(&t, TROUPE_ONE_FOR_ONE, 2);
  t.spec.auto_shutdown = TROUPE_AUTO_SHUTDOWN_ALL;
  t.specs[0].restart = TROUPE_TRANSIENT;
  t.specs[0].significant = true;
  t.specs[0].max_restarts = TROUPE_RESTARTS_NONE;
  t.specs[0].on_limit = TROUPE_ON_LIMIT_QUARANTINE;
  tree_start(&t);
  tree_tell(&t, 'a', "crash");
  assert_int_equal(t.ends, 1);
  assert_int_equal(t.end_class, TROUPE_EXIT_SHUTDOWN);
  tree_close(&t);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void a_start_with_any_allocation_failing_leaves_nothing(void **state) {
  (void)state;
  static tree t; /* large */
  for (long n = 1;; n++) {
    int err = tree_try_open(&t, n);
    if (err == TROUPE_OK) {
      for (unsigned i = 0; i < 3; i++)
        tree_kid(&t, i);
      t.specs[1].start.name = "b";
      t.specs[1].max_restarts = 2;
      t.spec =
          (troupe_supervisor_spec){.size = sizeof t.spec, .children = t.specs, .children_len = 3};
      err = tree_try_start(&t);
      bool up = t.kids[0].up && t.kids[1].up && t.kids[2].up;
      /* All or nothing, and whoever started it hears of the end exactly once. */
      assert_int_equal(up ? 0 : err == TROUPE_OK, t.ends);
      if (!up) assert_false(t.kids[0].up || t.kids[1].up || t.kids[2].up);
      if (up) { /* also restarts and the stop cope */
        (void)troupe_tell(t.w.sys, t.kids[1].pid, "crash", NULL, 0);
        world_settle(&t.w);
      }
      assert_int_equal(troupe_system_stop(t.w.sys, 1000), TROUPE_OK);
      troupe_system_free(t.w.sys);
      assert_int_equal(t.ends, err == TROUPE_OK);
      for (unsigned i = 0; i < 3; i++)
        assert_int_equal(t.kids[i].refs, 0);
    }
    faulty_check(&t.w.memory);
    if (err == TROUPE_OK && t.w.memory.calls < n) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(children_start_in_order_and_stop_in_reverse),
      cmocka_unit_test(each_child_waits_for_the_one_before_it_to_have_started),
      cmocka_unit_test(a_failed_start_rolls_back_in_reverse),
      cmocka_unit_test(a_name_that_is_taken_fails_the_start),
      cmocka_unit_test(a_supervisor_is_stopped_in_order_while_it_starts),
      cmocka_unit_test(without_children_it_starts_and_stops),
      cmocka_unit_test(children_that_do_not_stop_are_killed_one_after_another),
      cmocka_unit_test(infinity_waits_for_ever),
      cmocka_unit_test(a_child_that_ends_by_itself_during_the_stop_is_accepted),
      cmocka_unit_test(a_killed_supervisor_leaves_no_orphan),
      cmocka_unit_test(monitors_fire_once_when_the_child_is_gone_for_good),
      cmocka_unit_test(pid_name_and_queue_survive_a_restart),
      cmocka_unit_test(the_table_tells_the_state_of_each_child),
      cmocka_unit_test(unknown_messages_are_refused),
      cmocka_unit_test(any_significant_child_that_is_done_ends_the_supervisor),
      cmocka_unit_test(all_significant_waits_for_the_last_one),
      cmocka_unit_test(significant_children_that_have_not_started_count_as_left),
      cmocka_unit_test(a_significant_child_at_its_limit_is_not_waited_for),
      cmocka_unit_test(a_start_with_any_allocation_failing_leaves_nothing),
  };
  return run_tests(tests);
}
