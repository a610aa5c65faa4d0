/* Inquiries: answered by whoever is there, between two callbacks, once. */
#include "tests/actors/world.h"

#include <troupe/info.h>

static void say(troupe_actor *a, troupe_info *info) {
  info->memory_bytes = 4711;
  info->tasks = troupe_actor_generation(a);
}

static troupe_behavior told_behavior(void) {
  troupe_behavior b = probe_behavior;
  b.info = say;
  return b;
}

static int tell_itself(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)m;
  uint64_t id;
  troupe_info *info = p->user;
  assert_int_equal(troupe_actor_timer(a, 60000, 0, false, NULL, &id), TROUPE_OK);
  troupe_info_self(a, info);
  return TROUPE_OK;
}

static void an_actor_knows_itself(void **state) {
  (void)state;
  world w;
  world_start(&w);
  troupe_info info;
  probe p = {.script.receive = tell_itself, .user = &info};
  troupe_behavior b = told_behavior();
  troupe_spawn_opts o = probe_opts(&p);
  o.behavior = &b;
  o.name = "me";
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(troupe_tell(w.sys, pid, "x", "abc", 3), TROUPE_OK);
  assert_int_equal(troupe_tell(w.sys, pid, "x", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_true(info.pid.id == pid.id);
  assert_string_equal(info.name, "me");
  assert_int_equal(info.phase, TROUPE_PHASE_RUNNING);
  assert_string_equal(troupe_phase_name(info.phase), "running");
  assert_int_equal(info.generation, 1);
  assert_int_equal(info.handled, 1); /* the second is being handled */
  assert_int_equal(info.queued, 1);
  assert_int_equal(info.timers, 2);
  assert_int_equal(info.memory_bytes, 4711);
  assert_int_equal(info.tasks, 1);
  world_stop(&w);
}

static troupe_pid of_whom;

static int inquire(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)m;
  return troupe_info_ask(a, of_whom, NULL, &p->id);
}

static troupe_info seen;
static void see(troupe_actor *a, probe *p, const troupe_event *e) {
  (void)a, (void)p;
  if (e->code == TROUPE_OK && e->len == sizeof seen) memcpy(&seen, e->data, sizeof seen);
}

static void an_actor_asks_another_also_one_that_is_blocked(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe other = {0}, asker = {.script.receive = inquire, .script.resume = see};
  troupe_pid of = probe_spawn(&w, &other);
  of_whom = of;
  troupe_pid pid = probe_spawn(&w, &asker);
  memset(&seen, 0, sizeof seen);
  assert_int_equal(troupe_tell(w.sys, pid, "go", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(asker.events, 1);
  assert_int_equal(asker.last.code, TROUPE_OK);
  assert_true(seen.pid.id == of.id);
  assert_int_equal(other.tells + other.asks, 0); /* its code did not notice */

  assert_int_equal(troupe_stop(w.sys, of), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(troupe_tell(w.sys, pid, "go", NULL, 0), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(asker.events, 2);
  assert_int_equal(asker.last.code, TROUPE_E_NOPROC);
  assert_null(asker.last.detail);
  world_stop(&w);
}

static void who_ends_with_an_inquiry_in_its_inbox_answers_noproc(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe other = {0}, asker = {.script.receive = inquire, .script.resume = see};
  troupe_pid of = probe_spawn(&w, &other);
  of_whom = of;
  troupe_pid pid = probe_spawn(&w, &asker);
  assert_int_equal(troupe_tell(w.sys, pid, "go", NULL, 0), TROUPE_OK);
  assert_int_equal(troupe_kill(w.sys, of), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(asker.events, 1);
  world_stop(&w);
}

static void a_host_asks(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe p = {0};
  troupe_pid pid = probe_spawn(&w, &p);
  troupe_info info;
  assert_int_equal(troupe_info_wait(w.sys, pid, &info), TROUPE_OK);
  assert_true(info.pid.id == pid.id);
  assert_int_equal(info.phase, TROUPE_PHASE_RUNNING);
  assert_int_equal(troupe_stop(w.sys, pid), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(troupe_info_wait(w.sys, pid, &info), TROUPE_E_NOPROC);
  assert_int_equal(info.pid.id, 0);
  world_stop(&w);
}

/* Each request for memory fails once: the inquiry is refused or answered, and nothing is left. */
static void without_memory_it_is_refused(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    world w;
    if (world_try_start(&w, n) != TROUPE_OK) continue;
    probe p = {0};
    troupe_spawn_opts o = probe_opts(&p);
    troupe_pid pid;
    troupe_info info;
    int err = troupe_spawn(w.sys, &pid, &o);
    world_settle(&w);
    if (!err) err = troupe_info_wait(w.sys, pid, &info);
    assert_true(err == TROUPE_OK || err == TROUPE_E_NO_MEMORY || err == TROUPE_E_NOPROC ||
                err == TROUPE_E_SYSTEM_STOPPED); /* the port could not start */
    bool past = w.memory.calls < n;
    world_stop(&w);
    if (past) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_actor_knows_itself),
      cmocka_unit_test(an_actor_asks_another_also_one_that_is_blocked),
      cmocka_unit_test(who_ends_with_an_inquiry_in_its_inbox_answers_noproc),
      cmocka_unit_test(a_host_asks),
      cmocka_unit_test(without_memory_it_is_refused),
  };
  return run_tests(tests);
}
