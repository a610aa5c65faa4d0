/* The system's timers: who is told, when, and how often for nothing. */
#include "tests/actors/world.h"

#include "actors/base/rand.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { ACTORS = 50 }; /* a million takes minutes there */
#else
enum { ACTORS = 1000 };
#endif
enum { EACH = 1000 };

/* A number that a timer carries. */
static void *carry(uint64_t n) {
  return (void *)(uintptr_t)n; /* NOLINT(performance-no-int-to-ptr): never looked into */
}

/* ---- a million ----------------------------------------------------------------------------- */

typedef struct crowd {
  world *w;
  uint64_t fired, wrong; /* wrong: not at its time to the nanosecond */
} crowd;

static int start_a_thousand(troupe_actor *a, probe *p) {
  for (uint64_t i = 0; i < EACH; i++) { /* each actor in an order of its own */
    uint64_t id, ms = 1 + (i * 7919 + (uint32_t)p->self.id) % EACH, at = ms * 3600;
    if (troupe_actor_timer(a, at, 0, true, carry(at), &id) != TROUPE_OK)
      ((crowd *)p->user)->wrong++;
  }
  return TROUPE_OK;
}

static void count_due(troupe_actor *a, probe *p, const troupe_event *e) {
  crowd *c = p->user;
  (void)a;
  c->fired++;
  uint64_t due = TRP_NS_PER_S + (uint64_t)(uintptr_t)e->user * TRP_NS_PER_MS;
  if (atomic_load(&c->w->now.ns) != due) c->wrong++;
}

static void a_million_timers_fire_each_at_its_time(void **state) {
  (void)state;
  static probe p[ACTORS];
  world w;
  crowd c = {.w = &w};
  world_start(&w);
  for (int i = 0; i < ACTORS; i++) {
    p[i] = (probe){.script = {.init = start_a_thousand, .resume = count_due}, .user = &c};
    probe_spawn(&w, &p[i]);
  }
  assert_int_equal(c.wrong, 0);
  world_pass(&w, UINT64_C(3600) * EACH);
  assert_int_equal(c.fired, ACTORS * EACH);
  assert_int_equal(c.wrong, 0);
  assert_int_equal(troupe_system_next_ms(w.sys), -1);
  world_stop(&w);
}

/* ---- entries that are kept ----------------------------------------------------------------- */

static int echo(troupe_actor *a, probe *p, const troupe_message *m) {
  (void)p;
  if (strcmp(m->kind, "keep") == 0) return troupe_actor_keep_ask(a, &p->id);
  return TROUPE_OK;
}

static int ask_as_told(troupe_actor *a, probe *p, const troupe_message *m) {
  uint64_t id;
  return troupe_actor_ask(a, *(troupe_pid *)p->user, m->kind, NULL, 0, NULL, &id);
}

static void an_actor_that_asks_again_and_again_is_armed_once(void **state) {
  (void)state;
  world w;
  world_start(&w);
  probe to = {.script = {.receive = echo}}, from = {.script = {.receive = ask_as_told}};
  troupe_pid target = probe_spawn(&w, &to);
  from.user = &target;
  troupe_pid asker = probe_spawn(&w, &from);
  for (int i = 0; i < 10; i++) {
    troupe_tell(w.sys, asker, "echo", NULL, 0);
    world_settle(&w);
    assert_int_equal(from.events, i + 1);
    assert_int_equal(troupe_system_next_ms(w.sys), 30000 - i * 1000); /* still the first's */
    world_pass(&w, 1000);
  }
  troupe_tell(w.sys, asker, "keep", NULL, 0);
  world_pass(&w, 20000); /* the first entry has come, for nothing but to be armed for this ask */
  assert_int_equal(from.events, 10);
  assert_int_equal(troupe_system_next_ms(w.sys), 10000);
  world_pass(&w, 9999);
  assert_int_equal(from.events, 10);
  world_pass(&w, 1);
  assert_int_equal(from.last.code, TROUPE_E_TIMEOUT);
  assert_int_equal(troupe_system_next_ms(w.sys), -1); /* an idle system has nothing to wake for */
  world_stop(&w);
}

/* ---- threads ------------------------------------------------------------------------------- */

enum { RACERS = 64, ROUNDS = 300 };

/* Each round starts a few timers, cancels some and goes on with what comes of the first that is
 * left. */
typedef struct racer {
  trp_rand rand;
  uint64_t started_ns;
  int rounds;
  unsigned open;
  bool early;
  _Atomic bool done;
} racer;

static void race_on(troupe_actor *a, racer *r) {
  uint64_t id[4];
  unsigned n = 1 + (unsigned)trp_rand_below(&r->rand, 4);
  const trp_clock clock = trp_clock_monotonic();
  r->started_ns = trp_clock_ns(&clock);
  r->open = 0;
  for (unsigned i = 0; i < n; i++) {
    uint64_t delay = i == 0 ? 1 : trp_rand_below(&r->rand, 3);
    if (troupe_actor_timer(a, delay, 0, true, carry(delay), &id[i])) abort();
    r->open++;
  }
  for (unsigned i = 1; i < n; i++) /* some of them */
    if (trp_rand_below(&r->rand, 2) && troupe_actor_cancel_timer(a, id[i])) r->open--;
}

static int race_init(troupe_actor *a, void *arg) {
  troupe_actor_set_state(a, arg);
  race_on(a, arg);
  return TROUPE_OK;
}

static int race_receive(troupe_actor *a, const troupe_message *m) { return (void)a, (void)m, 0; }

static void race_resume(troupe_actor *a, const troupe_event *e) {
  racer *r = troupe_actor_state(a);
  const trp_clock clock = trp_clock_monotonic();
  uint64_t waited = trp_clock_ns(&clock) - r->started_ns;
  if (waited < (uint64_t)(uintptr_t)e->user * TRP_NS_PER_MS) r->early = true;
  if (--r->open > 0) return;
  if (--r->rounds > 0)
    race_on(a, r);
  else
    atomic_store(&r->done, true);
}

static const troupe_behavior race_behavior = {.size = sizeof race_behavior,
                                              .name = "racer",
                                              .init = race_init,
                                              .receive = race_receive,
                                              .resume = race_resume};

static void every_timer_comes_whoever_runs_its_actor(void **state) {
  (void)state;
  static racer racers[RACERS];
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 4;
  cfg.log = world_log;
  troupe_system *sys;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  uint64_t seed = test_seed();
  for (int i = 0; i < RACERS; i++) {
    trp_rand_init(&racers[i].rand, seed + (uint64_t)i);
    racers[i].rounds = ROUNDS;
    troupe_spawn_opts o = TROUPE_SPAWN_INIT;
    o.behavior = &race_behavior;
    o.arg = &racers[i];
    troupe_pid pid;
    assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  }
  const trp_clock clock = trp_clock_monotonic();
  uint64_t end = trp_clock_ns(&clock) + 120 * TRP_NS_PER_S;
  for (int i = 0; i < RACERS; i++) {
    while (!atomic_load(&racers[i].done)) {
      if (trp_clock_ns(&clock) > end) fail_msg("racer %d: a timer never came", i);
      nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
  }
  assert_int_equal(troupe_system_stop(sys, 10000), TROUPE_OK);
  for (int i = 0; i < RACERS; i++)
    assert_false(racers[i].early);
  troupe_system_free(sys);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_million_timers_fire_each_at_its_time),
      cmocka_unit_test(an_actor_that_asks_again_and_again_is_armed_once),
      cmocka_unit_test(every_timer_comes_whoever_runs_its_actor),
  };
  return run_tests(tests);
}
