/* Which runnable actor runs next: one step of the system is one slice, and time stands still unless
 * the test moves it. */
#include "tests/actors/world.h"

#include <langinfo.h>
#include <locale.h>

#include "actors/sched.h"

/* A hog has always a message more than fits into a slice. Each slice handles TRP_SLICE_MESSAGES + 1
 * of them. */
enum { SLICE = TRP_SLICE_MESSAGES + 1, HOG_MESSAGES = 600 * SLICE };

static unsigned hog_slices(const probe *hog) { return hog->tells / SLICE; }

static void fill(world *w, const probe *hog, int slices) {
  for (int i = 0; i < slices * SLICE; i++)
    assert_int_equal(troupe_tell(w->sys, hog->self, "m", NULL, 0), TROUPE_OK);
}

static void spawn(world *w, probe *p) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &probe_behavior;
  o.arg = p;
  o.mailbox_messages = HOG_MESSAGES;
  assert_int_equal(troupe_spawn(w->sys, &p->self, &o), TROUPE_OK);
  world_settle(w);
}

static void poke(world *w, const probe *p) {
  assert_int_equal(troupe_tell(w->sys, p->self, "m", NULL, 0), TROUPE_OK);
}

static void a_woken_actor_goes_before_one_whose_slice_has_ended(void **state) {
  (void)state;
  world w;
  probe hog = {0}, other = {0}, light = {0};
  world_start(&w);
  spawn(&w, &hog);
  spawn(&w, &other);
  spawn(&w, &light);
  fill(&w, &hog, 3);
  fill(&w, &other, 3);
  troupe_system_step(w.sys, 0); /* both have just been woken: in their order */
  troupe_system_step(w.sys, 0);
  assert_int_equal(hog_slices(&hog), 1);
  assert_int_equal(hog_slices(&other), 1);
  poke(&w, &light);
  troupe_system_step(w.sys, 0);
  assert_int_equal(light.tells, 1); /* before the two that were there */
  assert_int_equal(hog_slices(&hog), 1);
  troupe_system_step(w.sys, 0);
  assert_int_equal(hog_slices(&hog), 2);
  world_settle(&w);
  world_stop(&w);
}

static void the_spent_have_their_turn_after_a_time(void **state) {
  (void)state;
  world w;
  probe hog = {0}, light = {0};
  world_start(&w);
  spawn(&w, &hog);
  spawn(&w, &light);
  fill(&w, &hog, 2);
  troupe_system_step(w.sys, 0);
  poke(&w, &light);
  atomic_fetch_add(&w.now.ns, TRP_SPENT_NS - 1);
  troupe_system_step(w.sys, 0);
  assert_int_equal(light.tells, 1); /* not due yet */
  poke(&w, &light);
  atomic_fetch_add(&w.now.ns, 1);
  troupe_system_step(w.sys, 0);
  assert_int_equal(hog_slices(&hog), 2);
  assert_int_equal(light.tells, 1);
  world_settle(&w);
  assert_int_equal(light.tells, 2);
  world_stop(&w);
}

static void where_the_clock_stands_still_the_takes_are_counted(void **state) {
  (void)state;
  world w;
  probe hog = {0}, light = {0};
  world_start(&w);
  spawn(&w, &hog);
  spawn(&w, &light);
  fill(&w, &hog, 3);
  troupe_system_step(w.sys, 0);
  for (unsigned i = 1; i <= TRP_SPENT_TAKES; i++) {
    poke(&w, &light);
    troupe_system_step(w.sys, 0);
    assert_int_equal(light.tells, i);
  }
  poke(&w, &light);
  troupe_system_step(w.sys, 0);
  assert_int_equal(hog_slices(&hog), 2);
  assert_int_equal(light.tells, TRP_SPENT_TAKES);
  world_settle(&w);
  world_stop(&w);
}

static void spawn_urgent(world *w, probe *p) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &probe_behavior;
  o.arg = p;
  o.mailbox_messages = HOG_MESSAGES;
  o.priority = TROUPE_PRIORITY_HIGH;
  assert_int_equal(troupe_spawn(w->sys, &p->self, &o), TROUPE_OK);
  world_settle(w);
}

static void one_of_high_priority_goes_before_those_woken_earlier(void **state) {
  (void)state;
  world w;
  probe first = {0}, second = {0}, urgent = {0};
  world_start(&w);
  spawn(&w, &first);
  spawn(&w, &second);
  spawn_urgent(&w, &urgent);
  poke(&w, &first);
  poke(&w, &second);
  poke(&w, &urgent);
  troupe_system_step(w.sys, 0);
  assert_int_equal(urgent.tells, 1);
  assert_int_equal(first.tells + second.tells, 0);
  world_settle(&w);
  assert_int_equal(first.tells + second.tells, 2);
  world_stop(&w);
}

static void others_have_one_turn_in_thirty_three(void **state) {
  (void)state;
  world w;
  probe hog = {0}, light = {0};
  world_start(&w);
  spawn_urgent(&w, &hog);
  spawn(&w, &light);
  fill(&w, &hog, 3 * TRP_URGENT_TAKES);
  poke(&w, &light);
  for (unsigned i = 1; i <= TRP_URGENT_TAKES; i++) {
    troupe_system_step(w.sys, 0);
    assert_int_equal(hog_slices(&hog), i);
    assert_int_equal(light.tells, 0);
  }
  troupe_system_step(w.sys, 0);
  assert_int_equal(hog_slices(&hog), TRP_URGENT_TAKES);
  assert_int_equal(light.tells, 1);
  troupe_system_step(w.sys, 0);
  assert_int_equal(hog_slices(&hog), TRP_URGENT_TAKES + 1);
  world_settle(&w); /* and alone it goes on without a gap */
  assert_int_equal(hog_slices(&hog), 3 * TRP_URGENT_TAKES);
  world_stop(&w);
}

static void a_priority_that_does_not_exist_is_refused(void **state) {
  (void)state;
  world w;
  troupe_pid pid;
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  world_start(&w);
  o.behavior = &probe_behavior;
  o.priority = (troupe_priority)(TROUPE_PRIORITY_HIGH + 1);
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_E_INVALID);
  world_stop(&w);
}

/* NOLINTBEGIN(concurrency-mt-unsafe): the locale of the process is what this is about */

/* The decimal point, the order of letters and the like are the same for actors wherever they run.
 */
static int see_locale(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)a, (void)m;
  snprintf(p->data, sizeof p->data, "%s", nl_langinfo(CODESET));
  return TROUPE_OK;
}

static void actors_see_the_c_locale_whatever_the_host_has_set(void **state) {
  (void)state;
  assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
  for (int workers = 0; workers < 2; workers++) {
    world w;
    probe p = {.script = {.receive = see_locale}};
    troupe_pid pid;
    troupe_config cfg = TROUPE_CONFIG_INIT;
    cfg.workers = workers;
    cfg.log = world_log;
    assert_int_equal(troupe_system_start(&w.sys, &cfg), TROUPE_OK);
    troupe_spawn_opts o = probe_opts(&p);
    assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
    (void)troupe_ask_wait(w.sys, pid, NULL, "look", NULL, 0, NULL, NULL, NULL, 0);
    assert_string_equal(p.data, "ANSI_X3.4-1968");
    assert_string_equal(nl_langinfo(CODESET), "UTF-8"); /* the host's own thread */
    assert_int_equal(troupe_system_stop(w.sys, 1000), TROUPE_OK);
    troupe_system_free(w.sys);
  }
  setlocale(LC_ALL, "C");
}

/* NOLINTEND(concurrency-mt-unsafe) */

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_woken_actor_goes_before_one_whose_slice_has_ended),
      cmocka_unit_test(the_spent_have_their_turn_after_a_time),
      cmocka_unit_test(one_of_high_priority_goes_before_those_woken_earlier),
      cmocka_unit_test(others_have_one_turn_in_thirty_three),
      cmocka_unit_test(a_priority_that_does_not_exist_is_refused),
      cmocka_unit_test(where_the_clock_stands_still_the_takes_are_counted),
      cmocka_unit_test(actors_see_the_c_locale_whatever_the_host_has_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
