/* Callbacks that take long: those of C, which are trusted and never left half-way, and those that
 * give way and go on in later slices. */
#include "tests/actors/world.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actors/actor.h"
#include "actors/base/thread.h"
#include "actors/sched.h"

/* ---- never left half-way ------------------------------------------------------------------- */

typedef struct slow {
  _Atomic bool inside, go, returned, gone;
} slow;

static int slow_receive(troupe_actor *a, const troupe_message *m) {
  slow *s = troupe_actor_state(a);
  (void)m;
  atomic_store(&s->inside, true);
  while (!atomic_load(&s->go)) {
  }
  atomic_store(&s->returned, true);
  return TROUPE_OK;
}
static int slow_init(troupe_actor *a, void *arg) {
  troupe_actor_set_state(a, arg);
  return TROUPE_OK;
}
static void slow_gone(void *arg) { atomic_store(&((slow *)arg)->gone, true); }
static const troupe_behavior slow_behavior = {
    .size = sizeof slow_behavior, .name = "slow", .init = slow_init, .receive = slow_receive};

static bool soon(const _Atomic bool *flag) {
  for (int i = 0; i < 20000 && !atomic_load(flag); i++)
    usleep(500);
  return atomic_load(flag);
}

static void a_c_callback_that_is_killed_returns_first(void **state) {
  (void)state;
  slow s = {0};
  troupe_system *sys;
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 1;
  cfg.log = world_log;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &slow_behavior;
  o.arg = &s;
  o.arg_free = slow_gone;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  assert_int_equal(troupe_tell(sys, pid, "m", NULL, 0), TROUPE_OK);
  assert_true(soon(&s.inside));
  assert_int_equal(troupe_kill(sys, pid), TROUPE_OK);
  usleep(100000); /* many ticks: a script would have been left long ago */
  assert_false(atomic_load(&s.gone));
  atomic_store(&s.go, true);
  assert_true(soon(&s.returned));
  assert_true(soon(&s.gone));
  assert_int_equal(troupe_system_stop(sys, 10000), TROUPE_OK);
  troupe_system_free(sys);
}

/* Under this sanitizer ticks do nothing in C: nobody is relieved. */
#if !TRP_UNDER_TSAN

enum { PLACES = 1 + TRP_RELIEF_THREADS };

static int hung_receive(troupe_actor *a, const troupe_message *m) {
  slow *s = troupe_actor_state(a);
  (void)m;
  atomic_store(&s->inside, true);
  while (!atomic_load(&s->go))
    usleep(1000);
  return TROUPE_OK;
}
static const troupe_behavior hung_behavior = {
    .size = sizeof hung_behavior, .name = "hung", .init = slow_init, .receive = hung_receive};

static int own_nice(void) { return getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid)); }

typedef struct served {
  _Atomic int nice;
  _Atomic bool done;
} served;

static int served_receive(troupe_actor *a, const troupe_message *m) {
  served *s = troupe_actor_state(a);
  (void)m;
  atomic_store(&s->nice, own_nice());
  atomic_store(&s->done, true);
  return TROUPE_OK;
}
static const troupe_behavior served_behavior = {
    .size = sizeof served_behavior, .name = "served", .init = slow_init, .receive = served_receive};

static void spawn_and_tell(troupe_system *sys, const troupe_behavior *behavior, void *arg) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = behavior;
  o.arg = arg;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  assert_int_equal(troupe_tell(sys, pid, "m", NULL, 0), TROUPE_OK);
}

static void when_all_threads_hang_the_first_that_ends_makes_room_for_the_others(void **state) {
  (void)state;
  static slow hung[PLACES + 3];
  served s[3] = {{0}};
  troupe_system *sys;
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 1;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  int n = 0;
  for (; n < PLACES; n++) {
    spawn_and_tell(sys, &hung_behavior, &hung[n]);
    assert_true(soon(&hung[n].inside));
  }
  for (int i = 0; i < 3; i++, n++) { /* each place is freed, and is taken again */
    spawn_and_tell(sys, &served_behavior, &s[i]);
    atomic_store(&hung[i].go, true);
    assert_true(soon(&s[i].done));
    assert_int_equal(atomic_load(&s[i].nice), own_nice());
    spawn_and_tell(sys, &hung_behavior, &hung[n]);
    assert_true(soon(&hung[n].inside));
  }
  for (int i = 0; i < n; i++)
    atomic_store(&hung[i].go, true);
  assert_int_equal(troupe_system_stop(sys, 20000), TROUPE_OK);
  troupe_system_free(sys);
}

#endif

/* ---- in slices ----------------------------------------------------------------------------- */

typedef struct worker {
  unsigned slices, done, stops;
} worker;

static int worker_receive(troupe_actor *a, const troupe_message *m) {
  (void)m;
  trp_actor_preempted(a);
  return TROUPE_OK;
}
static void worker_go_on(troupe_actor *a) {
  worker *s = troupe_actor_state(a);
  if (++s->done < s->slices) trp_actor_preempted(a);
}
static int worker_stop(troupe_actor *a, const troupe_exit *why) {
  (void)why;
  ((worker *)troupe_actor_state(a))->stops++;
  return TROUPE_OK;
}
static const troupe_behavior worker_behavior = {.size = sizeof worker_behavior,
                                                .name = "worker",
                                                .init = slow_init,
                                                .receive = worker_receive,
                                                .stop = worker_stop,
                                                .go_on = worker_go_on};

/* Watches in one message, forgets in the next, and ends or stays. */
static int come_and_go(troupe_actor *a, probe *p, const troupe_message *m) {
  if (m->type != TROUPE_MESSAGE_TELL) return TROUPE_OK;
  uint64_t id;
  for (int i = 0; i < 100; i++) {
    int err = troupe_actor_monitor(a, *(const troupe_pid *)p->user, &id);
    if (err) return err;
    if (strcmp(m->kind, "forget") == 0) troupe_actor_demonitor(a, id);
  }
  if (strcmp(m->kind, "end") == 0) troupe_actor_exit(a, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
  return TROUPE_OK;
}

static void watchers_that_come_and_go_leave_nothing_at_an_actor_that_computes(void **state) {
  (void)state;
  world w;
  world_start(&w);
  worker s = {.slices = 100000};
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &worker_behavior;
  o.arg = &s;
  troupe_pid pid;
  assert_int_equal(troupe_spawn(w.sys, &pid, &o), TROUPE_OK);
  world_settle(&w);
  assert_int_equal(troupe_tell(w.sys, pid, "m", NULL, 0), TROUPE_OK);
  for (int i = 0; i < 20; i++)
    troupe_system_step(w.sys, 0);
  long before = atomic_load(&w.memory.live_blocks);
  for (int round = 0; round < 50; round++) {
    probe p = {.script = {.receive = come_and_go}, .user = &pid};
    troupe_spawn_opts watcher = probe_opts(&p);
    troupe_pid from;
    assert_int_equal(troupe_spawn(w.sys, &from, &watcher), TROUPE_OK);
    troupe_tell(w.sys, from, "forget", NULL, 0);
    troupe_tell(w.sys, from, "end", NULL, 0);
    while (!p.gone)
      troupe_system_step(w.sys, 0);
  }
  for (int i = 0; i < 20; i++)
    troupe_system_step(w.sys, 0);
  assert_in_range(s.done, 1, s.slices - 1); /* the one callback has been at it all the time */
  assert_true(atomic_load(&w.memory.live_blocks) <= before + 8);
  assert_int_equal(troupe_stop(w.sys, pid), TROUPE_OK); /* what is not the kernel's waits */
  for (int i = 0; i < 20; i++)
    troupe_system_step(w.sys, 0);
  assert_int_equal(s.stops, 0);
  world_settle(&w);
  assert_int_equal(s.done, s.slices);
  assert_int_equal(s.stops, 1);
  world_stop(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_c_callback_that_is_killed_returns_first),
#if !TRP_UNDER_TSAN
    cmocka_unit_test(when_all_threads_hang_the_first_that_ends_makes_room_for_the_others),
#endif
    cmocka_unit_test(watchers_that_come_and_go_leave_nothing_at_an_actor_that_computes),
  };
  return run_tests(tests);
}
