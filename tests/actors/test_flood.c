/* What needs no room in a mailbox is bounded at its source: at, under and over each bound. An actor
 * that is not run stands for one that is busy. */
#include "tests/actors/world.h"

enum { MANY = 10000, LIMIT = 1000 };

typedef struct scheme { /* what a probe's handler does, and what came of it */
  troupe_pid target;
  unsigned rounds, done;
  int rc;
  troupe_child *child;
  probe *born; /* whom it spawns */
} scheme;

static long blocks(const world *w) { return atomic_load(&w->memory.live_blocks); }

/* Lets the probe handle one message, and nobody else anything. */
static void run_once(world *w, troupe_pid pid, const char *kind) {
  assert_int_equal(troupe_tell(w->sys, pid, kind, NULL, 0), TROUPE_OK);
  troupe_system_step(w->sys, 0);
}

/* ---- stop and kill ------------------------------------------------------------------------- */

static void a_busy_actor_has_one_stop_and_one_kill_at_most(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid = probe_spawn(&w, &p);
  long before = blocks(&w), calls = atomic_load(&w.memory.calls);
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(troupe_stop(w.sys, pid), TROUPE_OK);
    assert_int_equal(troupe_kill(w.sys, pid), TROUPE_OK);
  }
  assert_int_equal(blocks(&w), before);
  assert_int_equal(atomic_load(&w.memory.calls), calls); /* an end needs no memory */
  world_settle(&w);
  assert_int_equal(p.gone, 1);
  assert_int_equal(troupe_stop(w.sys, pid), TROUPE_E_NOPROC);
  assert_int_equal(troupe_kill(w.sys, pid), TROUPE_E_NOPROC);
  world_stop(&w);
}

static int wait_to_stop(troupe_actor *a, probe *p, const troupe_exit *why) {
  (void)a, (void)p, (void)why;
  return TROUPE_PENDING;
}

static void a_stop_that_was_handled_does_not_hide_the_next(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.stop = wait_to_stop}};
  troupe_pid pid = probe_spawn(&w, &p);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(troupe_stop(w.sys, pid), TROUPE_OK);
    world_settle(&w);
    assert_int_equal(p.gone, 0);
  }
  assert_int_equal(p.stops, 1);
  assert_int_equal(troupe_kill(w.sys, pid), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(p.gone, 1);
  world_stop(&w);
}

static void keep_exited(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e) {
  (void)a;
  scheme *plan = p->user;
  if (e == TROUPE_CHILD_EXITED) {
    plan->child = c;
    if (plan->done) troupe_child_release(a, c);
    plan->done = troupe_child_generation(c) > 1;
  }
}
static int crash(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)a, (void)p, (void)m;
  return TROUPE_E_ERROR;
}
static int spawn_one(troupe_actor *a, probe *p) {
  scheme *plan = p->user;
  troupe_spawn_opts o = probe_opts(plan->born);
  return troupe_actor_spawn(a, &o, &plan->target, NULL);
}
static int restart_and_end(troupe_actor *a, probe *p, const troupe_message *m) {
  const scheme *plan = p->user;
  troupe_child_restart(a, plan->child);
  troupe_child_stop(a, plan->child, strcmp(m->kind, "stop") == 0 ? TROUPE_INFINITY : 0);
  return TROUPE_OK;
}

/* A stop that somebody had sent while the child was down is on its way, and comes before the START.
 * The parent's own, which is for the new generation, must not be lost with it. */
static void a_parents_stop_or_kill_is_for_the_generation_it_has_started(void **state) {
  (void)state;
  for (int kill = 0; kill < 2; kill++) {
    world w;
    world_start(&w);
    probe child = {.script = {.receive = crash}};
    scheme plan = {.born = &child};
    probe parent = {.script = {.init = spawn_one, .receive = restart_and_end, .child = keep_exited},
                    .user = &plan};
    troupe_pid pid = probe_spawn(&w, &parent);
    troupe_tell(w.sys, plan.target, "crash", NULL, 0);
    world_settle(&w);
    assert_non_null(plan.child);
    troupe_tell(w.sys, pid, kill ? "kill" : "stop", NULL, 0); /* the parent's turn comes first */
    assert_int_equal(kill ? troupe_kill(w.sys, plan.target) : troupe_stop(w.sys, plan.target),
                     TROUPE_OK);
    world_settle(&w);
    assert_int_equal(child.inits, 1); /* the second generation never began */
    assert_true(plan.done);
    world_stop(&w);
    assert_int_equal(child.gone, 1);
  }
}

/* ---- monitors ------------------------------------------------------------------------------ */

static int watch_and_forget(troupe_actor *a, probe *p, const troupe_message *m) {
  scheme *plan = p->user;
  if (m->type != TROUPE_MESSAGE_TELL) return TROUPE_OK;
  for (plan->done = 0; plan->done < plan->rounds; plan->done++) {
    plan->rc = troupe_actor_monitor(a, plan->target, &p->id);
    if (plan->rc) break;
    troupe_actor_demonitor(a, p->id);
  }
  return TROUPE_OK;
}

static void monitors_in_a_loop_stop_at_the_limit_until_the_target_has_forgotten_them(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe target = {0}, p = {.script = {.receive = watch_and_forget}};
  scheme plan = {.target = probe_spawn(&w, &target)};
  p.user = &plan;
  troupe_pid pid = probe_spawn(&w, &p);
  static const struct {
    unsigned rounds, done;
    int rc;
  } cases[] = {{LIMIT - 1, LIMIT - 1, TROUPE_OK},
               {LIMIT, LIMIT, TROUPE_OK},
               {LIMIT + 1, LIMIT, TROUPE_E_LIMIT},
               {MANY, LIMIT, TROUPE_E_LIMIT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    long before = blocks(&w);
    plan.rounds = cases[i].rounds;
    run_once(&w, pid, "go");
    assert_int_equal(plan.done, cases[i].done);
    assert_int_equal(plan.rc, cases[i].rc);
    assert_true(blocks(&w) <= before + 2L * LIMIT + 8); /* an item and a message each */
    world_settle(&w);                                   /* the target has its turn */
    assert_true(blocks(&w) <= before + 8);
  }
  assert_int_equal(p.downs, 0);
  world_stop(&w);
}

static void so_do_monitors_of_what_has_ended(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe target = {0}, p = {.script = {.receive = watch_and_forget}};
  scheme plan = {.target = probe_spawn(&w, &target), .rounds = MANY};
  troupe_kill(w.sys, plan.target);
  world_settle(&w);
  p.user = &plan;
  troupe_pid pid = probe_spawn(&w, &p);
  long before = blocks(&w);
  for (int i = 0; i < 3; i++) {
    run_once(&w, pid, "go");
    assert_int_equal(plan.done, LIMIT);
    assert_int_equal(plan.rc, TROUPE_E_LIMIT);
    world_settle(&w); /* its `down`s have come up, and were for nobody */
    assert_true(blocks(&w) <= before + 8);
  }
  assert_int_equal(p.downs, 0);
  world_stop(&w);
}

static int watch_twice_forget_once(troupe_actor *a, probe *p, const troupe_message *m) {
  const scheme *plan = p->user;
  uint64_t other = 0;
  if (m->type != TROUPE_MESSAGE_TELL) return TROUPE_OK;
  if (strcmp(m->kind, "crash") == 0) return TROUPE_E_ERROR;
  int err = troupe_actor_monitor(a, plan->target, &p->id);
  if (!err) err = troupe_actor_monitor(a, plan->target, &other);
  troupe_actor_demonitor(a, other);
  return err;
}

/* Both ends may go in any order while the UNWATCH is on its way. */
static void a_monitor_being_cancelled_outlives_neither_end(void **state) {
  (void)state;
  for (int order = 0; order < 6; order++) {
    world w;
    world_start(&w);
    probe target = {0}, p = {.script = {.receive = watch_twice_forget_once}};
    scheme plan = {.target = probe_spawn(&w, &target)};
    p.user = &plan;
    troupe_pid pid = probe_spawn(&w, &p);
    run_once(&w, pid, "go");
    if (order == 0 || order == 3) troupe_kill(w.sys, plan.target);
    if (order == 1) troupe_kill(w.sys, pid);
    if (order == 2 || order == 3) troupe_tell(w.sys, pid, "crash", NULL, 0);
    if (order == 4) {
      troupe_kill(w.sys, pid);
      troupe_kill(w.sys, plan.target);
    }
    if (order == 5) {
      world_settle(&w); /* it has come back */
      troupe_kill(w.sys, plan.target);
    }
    world_settle(&w);
    assert_int_equal(p.downs, order == 0 || order == 5);
    world_stop(&w); /* checks that nothing is left */
  }
}

/* ---- timers -------------------------------------------------------------------------------- */

/* A handler that has to wait, and so takes no ticks: each time it goes on it cancels the timer that
 * has fired meanwhile, and starts another. */
static void cancel_and_start(troupe_actor *a, probe *p, const troupe_event *e) {
  scheme *plan = p->user;
  uint64_t id;
  (void)e;
  if (p->id && !troupe_actor_cancel_timer(a, p->id)) plan->rc = TROUPE_E_NOT_FOUND;
  int err = troupe_actor_timer(a, 0, 0, false, NULL, &p->id);
  if (!err) err = troupe_actor_timer(a, 1, 0, true, NULL, &id);
  if (err) {
    plan->rc = err;
    troupe_actor_cancel_timer(a, p->id);
    troupe_actor_block(a, false);
  } else {
    plan->done++;
  }
}
static int begin_to_wait(troupe_actor *a, probe *p, const troupe_message *m) {
  if (m->type != TROUPE_MESSAGE_TELL) return TROUPE_OK;
  troupe_actor_block(a, true);
  p->id = 0;
  cancel_and_start(a, p, NULL);
  return TROUPE_OK;
}

static void ticks_that_were_cancelled_while_queued_count_until_they_come_up(void **state) {
  (void)state;
  world w;
  world_start(&w);
  scheme plan = {0};
  probe p = {.script = {.receive = begin_to_wait, .resume = cancel_and_start}, .user = &plan};
  troupe_pid pid = probe_spawn(&w, &p);
  long before = blocks(&w);
  for (int i = 0; i < 3; i++) {
    plan.done = 0;
    troupe_tell(w.sys, pid, "go", NULL, 0);
    world_pass(&w, MANY);
    assert_int_equal(plan.rc, TROUPE_E_LIMIT);
    assert_in_range(plan.done, LIMIT - 2, LIMIT);
    assert_true(blocks(&w) <= before + 8); /* the line has been served */
  }
  assert_int_equal(p.timers, 0);
  world_stop(&w);
}

/* ---- generations --------------------------------------------------------------------------- */

static void restart_always(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e) {
  const scheme *plan = p->user;
  if (e != TROUPE_CHILD_EXITED) return;
  if (troupe_child_generation(c) < plan->rounds)
    troupe_child_restart(a, c);
  else
    troupe_child_release(a, c);
}
/* Its line is never served: it ends while it starts. */
static void fail_now(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)p, (void)e;
  troupe_actor_exit(a, TROUPE_EXIT_ERROR, TROUPE_E_ERROR, NULL, NULL);
}
static int wait_for_signals(troupe_actor *a, probe *p) {
  uint64_t id;
  int err = TROUPE_OK;
  for (int i = 0; i < 100 && !err; i++) {
    err = troupe_actor_timer(a, 0, 0, false, NULL, &id);
    if (!err) err = troupe_actor_monitor(a, *(const troupe_pid *)p->user, &id);
  }
  if (!err) err = troupe_actor_timer(a, 1, 0, true, NULL, &id);
  return err ? err : TROUPE_PENDING;
}

static void signals_of_a_generation_end_with_it(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe dead = {0};
  troupe_pid ended = probe_spawn(&w, &dead);
  troupe_kill(w.sys, ended);
  world_settle(&w);
  probe child = {.script = {.init = wait_for_signals, .resume = fail_now}, .user = &ended};
  scheme plan = {.rounds = 200, .born = &child};
  probe parent = {.script = {.init = spawn_one, .child = restart_always}, .user = &plan};
  probe_spawn(&w, &parent);
  world_pass(&w, 10);
  assert_true(child.inits >= 10);
  long before = blocks(&w);
  world_pass(&w, 100);
  assert_true(child.inits >= 100);
  assert_true(blocks(&w) <= before + 8);
  world_stop(&w);
}

/* ---- the end of another, told by an event -------------------------------------------------- */

static int await_in_init(troupe_actor *a, probe *p) {
  int err = troupe_actor_monitor_direct(a, ((scheme *)p->user)->target, p, &p->id);
  if (!err) err = troupe_stop(troupe_actor_system(a), ((scheme *)p->user)->target);
  return err ? err : TROUPE_PENDING;
}
static void start_with_event(troupe_actor *a, probe *p, const troupe_event *e) {
  p->down_class = e->reason->class_;
  troupe_actor_started(a);
}

static void an_init_can_wait_for_the_end_of_another_and_gets_no_message_meanwhile(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe target = {0};
  scheme plan = {.target = probe_spawn(&w, &target)};
  probe p = {.script = {.init = await_in_init, .resume = start_with_event}, .user = &plan};
  troupe_spawn_opts o = probe_opts(&p);
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "early", NULL, 0), TROUPE_OK);
  target.script.stop = wait_to_stop;
  world_settle(&w);
  assert_int_equal(p.events, 0);
  assert_int_equal(p.tells, 0);
  troupe_kill(w.sys, plan.target);
  world_settle(&w);
  assert_int_equal(p.events, 1);
  assert_int_equal(p.last.id, p.id);
  assert_int_equal(p.last.code, TROUPE_OK);
  assert_int_equal(p.down_class, TROUPE_EXIT_KILLED);
  assert_int_equal(p.downs, 0); /* not as a message as well */
  assert_int_equal(p.tells, 1);
  world_stop(&w);
}

static void no_allocation_failure_breaks_a_monitor_or_leaks(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    world w;
    probe target = {0}, p = {.script = {.receive = watch_twice_forget_once}};
    scheme plan = {0};
    p.user = &plan;
    if (world_try_start(&w, n) == TROUPE_OK) {
      troupe_spawn_opts o = probe_opts(&target);
      (void)troupe_spawn(w.sys, &plan.target, &o);
      o = probe_opts(&p);
      troupe_pid pid;
      bool up = troupe_spawn(w.sys, &pid, &o) == TROUPE_OK && plan.target.id;
      world_settle(&w);
      if (up && troupe_tell(w.sys, pid, "go", NULL, 0) == TROUPE_OK) {
        world_settle(&w);
        if (target.inits && !target.gone && p.tells) {
          assert_int_equal(troupe_kill(w.sys, plan.target), TROUPE_OK);
          world_settle(&w);
          assert_int_equal(p.downs, p.id != 0 && p.gone == 0);
        }
      }
      world_stop(&w);
    }
    faulty_check(&w.memory);
    if (w.memory.calls < n) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_busy_actor_has_one_stop_and_one_kill_at_most),
      cmocka_unit_test(a_stop_that_was_handled_does_not_hide_the_next),
      cmocka_unit_test(a_parents_stop_or_kill_is_for_the_generation_it_has_started),
      cmocka_unit_test(monitors_in_a_loop_stop_at_the_limit_until_the_target_has_forgotten_them),
      cmocka_unit_test(so_do_monitors_of_what_has_ended),
      cmocka_unit_test(a_monitor_being_cancelled_outlives_neither_end),
      cmocka_unit_test(ticks_that_were_cancelled_while_queued_count_until_they_come_up),
      cmocka_unit_test(signals_of_a_generation_end_with_it),
      cmocka_unit_test(an_init_can_wait_for_the_end_of_another_and_gets_no_message_meanwhile),
      cmocka_unit_test(no_allocation_failure_breaks_a_monitor_or_leaks),
  };
  return run_tests(tests);
}
