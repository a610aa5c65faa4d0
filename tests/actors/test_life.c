#include "tests/actors/world.h"

#include <sys/resource.h>

#include "actors/magazine.h"
#include "actors/names.h"

static int exit_error(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)p;
  if (strcmp(m->kind, "crash") == 0) {
    troupe_actor_exit(a, TROUPE_EXIT_ERROR, TROUPE_E_ERROR, "as told", "trace");
  }
  if (strcmp(m->kind, "quit") == 0) troupe_actor_exit(a, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
  return TROUPE_OK;
}

static void an_actor_starts_handles_and_stops_in_order(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid = probe_spawn(&w, &p);
  assert_int_equal(p.inits, 1);
  assert_int_equal(troupe_tell(w.sys, pid, "a", NULL, 0), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "b", "x", 1), TROUPE_OK);
  world_settle(&w);
  assert_string_equal(p.kinds, "a b");
  assert_int_equal(troupe_stop(w.sys, pid), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(p.stops, 1);
  assert_int_equal(p.exit_class, TROUPE_EXIT_SHUTDOWN);
  assert_int_equal(p.finis, 1);
  assert_int_equal(p.gone, 1);
  assert_int_equal(troupe_tell(w.sys, pid, "late", NULL, 0), TROUPE_E_NOPROC);
  assert_int_equal(troupe_stop(w.sys, pid), TROUPE_E_NOPROC);
  assert_int_equal(w.last_dead, TROUPE_DEAD_NOPROC);
  world_stop(&w);
}

static void a_stop_outranks_queued_messages_which_become_dead_letters(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid = probe_spawn(&w, &p);
  for (int i = 0; i < 5; i++)
    troupe_tell(w.sys, pid, "m", NULL, 0);
  troupe_stop(w.sys, pid);
  world_settle(&w);
  assert_int_equal(p.tells, 0);
  assert_int_equal(w.dead_seen, 5);
  assert_int_equal(w.last_dead, TROUPE_DEAD_STOPPED);
  world_stop(&w);
}

static void a_kill_runs_no_stop(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid = probe_spawn(&w, &p);
  troupe_kill(w.sys, pid);
  world_settle(&w);
  assert_int_equal(p.stops, 0);
  assert_int_equal(p.finis, 1);
  assert_int_equal(p.gone, 1);
  world_stop(&w);
}

static void a_stop_or_kill_right_after_the_spawn_is_not_lost(void **state) {
  (void)state;
  for (int kill = 0; kill < 2; kill++) {
    world w;
    world_start(&w);
    probe p = {0};
    troupe_spawn_opts o = probe_opts(&p);
    troupe_pid pid;
    assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
    /* The actor has not got its start yet: that comes from the guardian. */
    assert_int_equal(kill ? troupe_kill(w.sys, pid) : troupe_stop(w.sys, pid), TROUPE_OK);
    assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 0), TROUPE_OK);
    world_settle(&w);
    assert_int_equal(p.inits, 0);
    assert_int_equal(p.gone, 1);
    assert_int_equal(w.last_dead, TROUPE_DEAD_STOPPED);
    world_stop(&w);
  }
}

static int never_stops(troupe_actor *a, probe *p, const troupe_exit *why) {
  (void)a, (void)p, (void)why;
  return TROUPE_PENDING;
}

static void a_stop_that_takes_too_long_is_killed_at_its_deadline(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.stop = never_stops}};
  troupe_spawn_opts o = probe_opts(&p);
  o.shutdown_ms = 200;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_settle(&w);
  troupe_stop(w.sys, pid);
  world_pass(&w, 199);
  assert_int_equal(p.finis, 0);
  world_pass(&w, 1);
  assert_int_equal(p.finis, 1);
  assert_int_equal(p.gone, 1);
  world_stop(&w);
}

static int pending(troupe_actor *a, probe *p) {
  (void)a, (void)p;
  return TROUPE_PENDING;
}

static void an_init_that_takes_too_long_ends_the_actor(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.init = pending}};
  troupe_pid pid = probe_spawn(&w, &p);
  troupe_tell(w.sys, pid, "early", NULL, 0);
  world_pass(&w, 29999);
  assert_int_equal(p.tells, 0); /* nothing is delivered before the start */
  assert_int_equal(p.gone, 0);
  world_pass(&w, 1);
  assert_int_equal(p.gone, 1);
  assert_int_equal(w.dead_seen, 1);
  world_stop(&w);
}

static int refuse_to_start(troupe_actor *a, probe *p) {
  (void)a, (void)p;
  return TROUPE_E_DENIED;
}

static void a_failed_init_runs_no_stop(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {.script = {.init = refuse_to_start}};
  probe_spawn(&w, &p);
  assert_int_equal(p.stops, 0);
  assert_int_equal(p.finis, 1);
  assert_int_equal(p.gone, 1);
  world_stop(&w);
}

/* ---- parents ------------------------------------------------------------------------------- */

typedef struct family {
  probe child[4];
  unsigned started, exited, gone;
  troupe_child *last;
  bool restart;
  troupe_exit_class why;
} family;

static void family_news(troupe_actor *a, probe *p, troupe_child *c, troupe_child_event e) {
  family *f = p->user;
  f->last = c;
  if (e == TROUPE_CHILD_STARTED) f->started++;
  if (e == TROUPE_CHILD_GONE) f->gone++;
  if (e == TROUPE_CHILD_EXITED) {
    f->exited++;
    f->why = troupe_child_reason(c)->class_;
    if (f->restart)
      troupe_child_restart(a, c);
    else
      troupe_child_release(a, c);
  }
}

static int spawn_children(troupe_actor *a, probe *p) {
  family *f = p->user;
  for (int i = 0; i < 2; i++) {
    f->child[i].script.receive = exit_error;
    troupe_spawn_opts o = probe_opts(&f->child[i]);
    if (i == 0) o.name = "first";
    int err = troupe_actor_spawn(a, &o, NULL, NULL);
    if (err) return err;
  }
  return TROUPE_OK;
}

static void a_crashed_child_restarts_with_pid_name_and_mailbox(void **state) {
  (void)state;
  world w;
  world_start(&w);
  family f = {.restart = true};
  probe p = {.script = {.init = spawn_children, .child = family_news}, .user = &f};
  probe_spawn(&w, &p);
  assert_int_equal(f.started, 2);
  troupe_pid pid = troupe_whereis(w.sys, "first");
  assert_int_equal(pid.id, f.child[0].self.id);
  troupe_tell(w.sys, pid, "crash", NULL, 0);
  troupe_tell(w.sys, pid, "after", NULL, 0);
  world_settle(&w);
  assert_int_equal(f.why, TROUPE_EXIT_ERROR);
  assert_int_equal(f.child[0].inits, 2);
  assert_int_equal(f.child[0].stops, 1); /* a failure is followed by `stop` */
  assert_string_equal(f.child[0].kinds, "crash after");
  assert_int_equal(troupe_whereis(w.sys, "first").id, pid.id);
  assert_int_equal(w.dead_seen, 1);
  assert_int_equal(w.last_dead, TROUPE_DEAD_CRASHED); /* the one being handled */
  assert_int_equal(troupe_child_generation(f.last), 2);
  world_stop(&w);
  assert_int_equal(f.child[0].gone, 1);
  assert_int_equal(f.child[1].gone, 1);
}

static void children_end_before_their_parent(void **state) {
  (void)state;
  world w;
  world_start(&w);
  family f = {0};
  probe p = {.script = {.init = spawn_children, .child = family_news}, .user = &f};
  troupe_pid pid = probe_spawn(&w, &p);
  f.child[1].script.stop = never_stops;
  troupe_stop(w.sys, pid);
  world_pass(&w, 4999);
  assert_int_equal(p.finis, 1); /* its generation is over, but it is not gone */
  assert_int_equal(f.child[0].gone, 1);
  assert_int_equal(p.gone, 0);
  world_pass(&w, 1);
  assert_int_equal(f.child[1].gone, 1);
  assert_int_equal(p.gone, 1);
  world_stop(&w);
}

static int note_stop(troupe_actor *a, probe *p, const troupe_exit *why) {
  (void)a, (void)why;
  char *order = p->user;
  order[strlen(order)] = p->data[0];
  return TROUPE_OK;
}

static void what_started_last_is_told_to_stop_first(void **state) {
  (void)state;
  world w;
  world_start(&w);
  char order[8] = "";
  probe p[3];
  for (int i = 0; i < 3; i++) {
    p[i] = (probe){.script = {.stop = note_stop}, .user = order, .data = {(char)('a' + i)}};
    probe_spawn(&w, &p[i]);
  }
  world_stop(&w);
  assert_string_equal(order, "cba");
}

static void a_killed_parent_kills_its_children(void **state) {
  (void)state;
  world w;
  world_start(&w);
  family f = {0};
  probe p = {.script = {.init = spawn_children, .child = family_news}, .user = &f};
  troupe_pid pid = probe_spawn(&w, &p);
  troupe_kill(w.sys, pid);
  world_settle(&w);
  assert_int_equal(f.child[0].stops + f.child[1].stops, 0);
  assert_int_equal(f.child[0].gone + f.child[1].gone + p.gone, 3);
  world_stop(&w);
}

static void names_are_unique_and_freed_at_the_end(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe a = {.script = {.receive = exit_error}}, b = {0};
  troupe_spawn_opts o = probe_opts(&a);
  o.name = "n";
  troupe_pid pa, pb;
  assert_int_equal(troupe_spawn(w.sys, &pa, &o), TROUPE_OK);
  o.arg = &b;
  assert_int_equal(troupe_spawn(w.sys, &pb, &o), TROUPE_E_ALREADY_REGISTERED);
  assert_int_equal(b.gone, 1); /* the argument is taken also on failure */
  assert_int_equal(pb.id, 0);
  world_settle(&w);
  troupe_tell(w.sys, pa, "quit", NULL, 0);
  world_settle(&w);
  assert_int_equal(troupe_whereis(w.sys, "n").id, 0);
  b.gone = 0;
  assert_int_equal(troupe_spawn(w.sys, &pb, &o), TROUPE_OK);
  world_settle(&w);
  world_stop(&w);
}

/* Refuses the memory of a name of five bytes, after somebody with an old pid has pushed. */
typedef struct meddler {
  troupe_system *sys;
  bool armed;
  int err;
} meddler;

static void *meddle(void *ctx, void *p, size_t old_size, size_t new_size) {
  meddler *m = ctx;
  (void)old_size;
  if (m->armed && !p && new_size == trp_magazine_rounded(sizeof(trp_name) + 6)) {
    m->armed = false;
    m->err = troupe_kill(m->sys, (troupe_pid){(UINT64_C(1) << 32) | 2}); /* the next slot's */
    return NULL;
  }
  if (new_size) return realloc(p, new_size);
  free(p);
  return NULL;
}

static void a_spawn_that_fails_at_its_name_was_never_to_be_reached(void **state) {
  (void)state;
  meddler m = {.err = TROUPE_OK};
  const troupe_allocator al = {.realloc = meddle, .ctx = &m};
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 0;
  cfg.allocator = &al;
  assert_int_equal(troupe_system_start(&m.sys, &cfg), TROUPE_OK);
  probe p = {0};
  troupe_spawn_opts o = probe_opts(&p);
  o.name = "fives";
  troupe_pid pid;
  m.armed = true;
  assert_int_equal(troupe_spawn(m.sys, &pid, &o), TROUPE_E_NO_MEMORY);
  assert_int_equal(m.err, TROUPE_E_NOPROC);
  assert_int_equal(troupe_system_stop(m.sys, 1000), TROUPE_OK);
  troupe_system_free(m.sys);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void *counting(void *ctx, void *p, size_t old_size, size_t new_size) {
  void *r = new_size ? realloc(p, new_size) : NULL;
  if (!new_size) free(p);
  if (r || !new_size) atomic_fetch_add((_Atomic long *)ctx, (long)new_size - (long)old_size);
  return r;
}

static void a_start_that_gets_no_threads_frees_all_by_its_right_size(void **state) {
  (void)state;
  if (SANITIZED) skip(); /* sanitizers do not live with an address limit */
  _Atomic long live = 0;
  const troupe_allocator al = {.realloc = counting, .ctx = &live};
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 200;
  cfg.allocator = &al;
  struct rlimit before, tight;
  assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
  tight = before;
  tight.rlim_cur = 1u << 30; /* 200 stacks do not fit */
  assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
  troupe_system *sys;
  int err = troupe_system_start(&sys, &cfg);
  assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
  assert_true(err < 0);
  assert_int_equal(atomic_load(&live), 0);
}

static void a_stale_pid_never_reaches_a_new_actor(void **state) {
  (void)state;
  world w;
  world_start(&w);
  troupe_pid old = {0};
  for (int i = 0; i < 3000; i++) { /* the same slots come round again */
    probe p = {0};
    troupe_pid pid = probe_spawn(&w, &p);
    if (old.id) {
      assert_int_not_equal(pid.id, old.id);
      assert_int_equal(troupe_tell(w.sys, old, "x", NULL, 0), TROUPE_E_NOPROC);
    }
    troupe_kill(w.sys, pid);
    world_settle(&w);
    assert_int_equal(p.tells, 0);
    old = pid;
  }
  world_stop(&w);
}

static void bad_options_are_refused(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid;
  troupe_spawn_opts o = probe_opts(&p);
  o.behavior = NULL;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_E_INVALID);
  o = probe_opts(&p);
  o.name = "";
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_E_INVALID);
  o.name = "0123456789012345678901234567890123456789012345678901234567890123"; /* 64 */
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  o.name = "01234567890123456789012345678901234567890123456789012345678901234"; /* 65 */
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_E_INVALID);
  world_settle(&w);
  world_stop(&w);
}

static void no_allocation_failure_leaks_or_breaks(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    world w;
    family f = {.restart = true};
    probe p = {.script = {.init = spawn_children, .child = family_news}, .user = &f};
    bool started = world_try_start(&w, n) == TROUPE_OK;
    if (started) {
      troupe_spawn_opts o = probe_opts(&p);
      troupe_pid pid;
      (void)troupe_spawn(w.sys, &pid, &o); /* also on failure the argument is freed */
      world_settle(&w);
      troupe_pid first = troupe_whereis(w.sys, "first");
      troupe_tell(w.sys, first, "crash", NULL, 0);
      troupe_tell(w.sys, first, "after", NULL, 0);
      world_settle(&w);
      world_stop(&w);
    }
    faulty_check(&w.memory);
    assert_int_equal(p.gone, started);
    if (w.memory.calls < n) break;
  }
}

static void a_system_whose_port_never_began_kills_what_does_not_stop(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    world w;
    probe p = {.script = {.stop = never_stops}};
    if (world_try_start(&w, n) == TROUPE_OK) {
      troupe_spawn_opts o = probe_opts(&p);
      troupe_pid pid;
      (void)troupe_spawn(w.sys, &pid, &o);
      world_settle(&w);
      int rc = troupe_system_stop(w.sys, 0);
      assert_true(rc == TROUPE_OK || rc == TROUPE_E_EXPIRED);
      troupe_system_free(w.sys);
    }
    faulty_check(&w.memory);
    if (w.memory.calls < n) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_actor_starts_handles_and_stops_in_order),
      cmocka_unit_test(a_stop_outranks_queued_messages_which_become_dead_letters),
      cmocka_unit_test(a_kill_runs_no_stop),
      cmocka_unit_test(a_stop_or_kill_right_after_the_spawn_is_not_lost),
      cmocka_unit_test(a_stop_that_takes_too_long_is_killed_at_its_deadline),
      cmocka_unit_test(an_init_that_takes_too_long_ends_the_actor),
      cmocka_unit_test(a_failed_init_runs_no_stop),
      cmocka_unit_test(a_crashed_child_restarts_with_pid_name_and_mailbox),
      cmocka_unit_test(children_end_before_their_parent),
      cmocka_unit_test(what_started_last_is_told_to_stop_first),
      cmocka_unit_test(a_killed_parent_kills_its_children),
      cmocka_unit_test(names_are_unique_and_freed_at_the_end),
      cmocka_unit_test(a_stale_pid_never_reaches_a_new_actor),
      cmocka_unit_test(a_spawn_that_fails_at_its_name_was_never_to_be_reached),
      cmocka_unit_test(a_start_that_gets_no_threads_frees_all_by_its_right_size),
      cmocka_unit_test(bad_options_are_refused),
      cmocka_unit_test(no_allocation_failure_leaks_or_breaks),
      cmocka_unit_test(a_system_whose_port_never_began_kills_what_does_not_stop),
  };
  return run_tests(tests);
}
