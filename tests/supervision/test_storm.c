/* Crashes from several threads at once, on two workers: meant for the thread sanitizer. */
#include "tests/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <troupe/supervisor.h>
#include <troupe/system.h>

#define CHILDREN 4
#define SENDERS 2
#define MESSAGES 1500 /* of each sender */
#define DEADLINE_S 30

typedef struct storm {
  troupe_system *sys;
  _Atomic unsigned handled, inits, finis;
  _Atomic int ends, end_class;
} storm;

static int victim_init(troupe_actor *a, void *arg) {
  storm *s = arg;
  troupe_actor_set_state(a, s);
  atomic_fetch_add(&s->inits, 1);
  return TROUPE_OK;
}
static int victim_receive(troupe_actor *a, const troupe_message *m) {
  storm *s = troupe_actor_state(a);
  atomic_fetch_add(&s->handled, 1);
  return strcmp(m->kind, "crash") == 0 ? TROUPE_E_ERROR : TROUPE_OK;
}
static void victim_fini(troupe_actor *a) {
  storm *s = troupe_actor_state(a);
  if (s) atomic_fetch_add(&s->finis, 1);
}
static const troupe_behavior victim = {.size = sizeof victim,
                                       .name = "victim",
                                       .init = victim_init,
                                       .receive = victim_receive,
                                       .fini = victim_fini};

static void storm_end(void *ctx, const troupe_exit *why) {
  storm *s = ctx;
  atomic_fetch_add(&s->ends, 1);
  atomic_store(&s->end_class, why->class_);
}

static void quiet(void *ctx, troupe_log_level level, const char *line, size_t len) {
  (void)ctx, (void)level, (void)line, (void)len;
}

static void nap(void) { nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL); }

static const char *const names[CHILDREN] = {"w", "x", "y", "z"};

/* Nothing is queued: every message was handled or is a dead letter. */
static bool all_accounted(storm *s) {
  troupe_stats stats;
  troupe_system_stats(s->sys, &stats);
  uint64_t ended = stats.handled;
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++)
    ended += i == TROUPE_DEAD_LATE_REPLY ? 0 : stats.dead[i];
  return ended == stats.sent;
}

static bool all_up(storm *s) {
  for (int i = 0; i < CHILDREN; i++) {
    if (troupe_whereis(s->sys, names[i]).id == 0) return false;
  }
  return true;
}

static void *sender(void *arg) {
  storm *s = arg;
  for (int i = 0; i < MESSAGES; i++) {
    troupe_pid to = troupe_whereis(s->sys, names[i % CHILDREN]); /* bound over all restarts */
    while (troupe_tell(s->sys, to, i % 7 ? "work" : "crash", NULL, 0) == TROUPE_E_MAILBOX_FULL)
      nap();
  }
  return NULL;
}

static void run(troupe_strategy strategy) {
  storm s = {0};
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 2;
  cfg.log = quiet;
  assert_int_equal(troupe_system_start(&s.sys, &cfg), TROUPE_OK);
  troupe_child_spec inner_children[2] = {{0}}, children[3] = {{0}};
  troupe_supervisor_spec inner = TROUPE_SUPERVISOR_SPEC_INIT, spec = TROUPE_SUPERVISOR_SPEC_INIT;
  for (int i = 0; i < CHILDREN; i++) {
    troupe_child_spec *c = i < 2 ? &children[i] : &inner_children[i - 2];
    c->id = c->start.name = names[i];
    c->start.behavior = &victim;
    c->start.arg = &s;
  }
  children[2] = (troupe_child_spec){.id = "inner", .supervisor = &inner};
  inner.strategy = spec.strategy = strategy;
  inner.max_restarts = spec.max_restarts = TROUPE_RESTARTS_MAX;
  inner.backoff.off = spec.backoff.off = true;
  inner.children = inner_children;
  inner.children_len = 2;
  spec.children = children;
  spec.children_len = 3;
  troupe_supervisor_opts opts = {.size = sizeof opts, .on_end = storm_end, .on_end_ctx = &s};
  troupe_pid pid;
  assert_int_equal(troupe_supervisor_start(s.sys, &pid, &spec, &opts, NULL, 0), TROUPE_OK);
  time_t end = time(NULL) + DEADLINE_S;
  while (!all_up(&s) && time(NULL) < end)
    nap();
  assert_true(all_up(&s));

  pthread_t threads[SENDERS];
  for (int i = 0; i < SENDERS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, sender, &s), 0);
  for (int i = 0; i < SENDERS; i++)
    pthread_join(threads[i], NULL);
  while (!all_accounted(&s) && time(NULL) < end)
    nap();
  assert_true(all_accounted(&s));
  /* A restart keeps the mailbox; only a supervisor that is restarted itself begins with new ones.
   */
  if (strategy == TROUPE_ONE_FOR_ONE) {
    assert_int_equal(atomic_load(&s.handled), SENDERS * MESSAGES);
  }
  assert_int_equal(atomic_load(&s.ends), 0);
  assert_int_equal(troupe_system_stop(s.sys, DEADLINE_S * 1000), TROUPE_OK);
  troupe_stats stats;
  troupe_system_stats(s.sys, &stats);
  assert_int_equal(stats.actors, 0);
  assert_int_equal(atomic_load(&s.inits), atomic_load(&s.finis));
  assert_int_equal(atomic_load(&s.ends), 1);
  assert_int_equal(atomic_load(&s.end_class), TROUPE_EXIT_SHUTDOWN);
  troupe_system_free(s.sys);
}

static void nothing_is_left_with_one_for_one(void **state) {
  (void)state;
  run(TROUPE_ONE_FOR_ONE);
}
static void nothing_is_left_with_one_for_all(void **state) {
  (void)state;
  run(TROUPE_ONE_FOR_ALL);
}
static void nothing_is_left_with_rest_for_one(void **state) {
  (void)state;
  run(TROUPE_REST_FOR_ONE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_left_with_one_for_one),
      cmocka_unit_test(nothing_is_left_with_one_for_all),
      cmocka_unit_test(nothing_is_left_with_rest_for_one),
  };
  return run_tests(tests);
}
