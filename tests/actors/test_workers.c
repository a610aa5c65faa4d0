/* Real workers: everybody has a turn, on one worker or another, and nobody wakes for nothing. What
 * runs is counted; time is only a deadline for tests that fail. */
#include "tests/test.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <troupe/actor.h>
#include <troupe/system.h>

#include "actors/base/rand.h"
#include "actors/base/thread.h"
#include "actors/system.h"

static troupe_system *start(int workers) {
  troupe_system *sys;
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = workers;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  return sys;
}

static void stop(troupe_system *sys) {
  assert_int_equal(troupe_system_stop(sys, 20000), TROUPE_OK);
  troupe_system_free(sys);
}

static int keep_arg(troupe_actor *a, void *arg) {
  troupe_actor_set_state(a, arg);
  return TROUPE_OK;
}
#define BEHAVIOR(receive_)                                                                         \
  { .size = sizeof(troupe_behavior), .name = "test", .init = keep_arg, .receive = (receive_) }

static troupe_pid spawn(troupe_system *sys, const troupe_behavior *b, void *arg) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  troupe_pid pid;
  o.behavior = b;
  o.arg = arg;
  assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  return pid;
}

static void poke(troupe_system *sys, troupe_pid to) {
  assert_int_equal(troupe_tell(sys, to, "m", NULL, 0), TROUPE_OK);
}
static void pass(troupe_actor *a, troupe_pid to) {
  (void)troupe_actor_tell(a, to, "m", NULL, 0, NULL, NULL);
}

static uint64_t now_ns(void) {
  const trp_clock real = trp_clock_monotonic();
  return trp_clock_ns(&real);
}

static bool reached(const _Atomic uint32_t *n, uint32_t goal) {
  uint64_t deadline = now_ns() + 30 * TRP_NS_PER_S;
  while (atomic_load(n) < goal && now_ns() < deadline)
    usleep(200);
  return atomic_load(n) >= goal;
}

/* ---- one worker: who is next ----------------------------------------------------------------- */

typedef struct chatter { /* two that wake each other for ever, and a third that they wake once */
  troupe_pid ping, pong, third;
  uint32_t runs, runs_before_third;
  _Atomic uint32_t third_ran;
} chatter;

static int chat(troupe_actor *a, const troupe_message *m) {
  chatter *c = troupe_actor_state(a);
  bool first = m->from.id == 0;
  troupe_pid self = troupe_actor_pid(a);
  c->runs++;
  if (first) pass(a, c->third);
  if (!atomic_load(&c->third_ran)) pass(a, self.id == c->ping.id ? c->pong : c->ping);
  return TROUPE_OK;
}
static int be_third(troupe_actor *a, const troupe_message *m) {
  (void)m;
  chatter *c = troupe_actor_state(a);
  c->runs_before_third = c->runs;
  atomic_store(&c->third_ran, 1);
  return TROUPE_OK;
}

static void two_that_wake_each_other_let_a_third_through(void **state) {
  (void)state;
  static const troupe_behavior chatting = BEHAVIOR(chat), third = BEHAVIOR(be_third);
  chatter c = {0};
  troupe_system *sys = start(1);
  c.ping = spawn(sys, &chatting, &c);
  c.pong = spawn(sys, &chatting, &c);
  c.third = spawn(sys, &third, &c);
  poke(sys, c.ping);
  assert_true(reached(&c.third_ran, 1));
  stop(sys);
  assert_in_range(c.runs_before_third, 1, 1 + TRP_LIFO_RUNS);
}

/* ---- more than a ring holds --------------------------------------------------------------------
 */

enum { CROWD = 3 * TRP_RING_ROOM, CROWD_TURNS = 200 };

typedef struct crowd {
  troupe_pid pids[CROWD];
  uint32_t turns[CROWD]; /* each written by its actor */
  _Atomic uint32_t all;
  _Atomic bool over;
} crowd;
typedef struct face {
  crowd *of;
  unsigned number;
} face;

/* Each wakes its partner, so that all of them are runnable, or as good as, all the time. */
static int take_part(troupe_actor *a, const troupe_message *m) {
  (void)m;
  face *f = troupe_actor_state(a);
  crowd *c = f->of;
  c->turns[f->number]++;
  atomic_fetch_add(&c->all, 1);
  if (!atomic_load(&c->over)) pass(a, c->pids[f->number ^ 1]);
  return TROUPE_OK;
}
static int begin_all(troupe_actor *a, const troupe_message *m) {
  (void)m;
  crowd *c = troupe_actor_state(a);
  for (unsigned i = 0; i < CROWD; i++)
    pass(a, c->pids[i]);
  return TROUPE_OK;
}

static void run_crowd(int workers) {
  static const troupe_behavior member = BEHAVIOR(take_part), starter = BEHAVIOR(begin_all);
  static face faces[CROWD];
  static crowd c;
  memset(&c, 0, sizeof c);
  troupe_system *sys = start(workers);
  for (unsigned i = 0; i < CROWD; i++) {
    faces[i] = (face){&c, i};
    c.pids[i] = spawn(sys, &member, &faces[i]);
  }
  poke(sys, spawn(sys, &starter, &c));
  bool done = reached(&c.all, CROWD * CROWD_TURNS);
  atomic_store(&c.over, true);
  stop(sys);
  assert_true(done);
  for (unsigned i = 0; i < CROWD; i++)
    assert_in_range(c.turns[i], CROWD_TURNS / 8, UINT32_MAX);
}

static void each_of_more_than_a_ring_holds_has_its_turns(void **state) {
  (void)state;
  run_crowd(1);
  run_crowd(2);
}

/* ---- beside an idle core ----------------------------------------------------------------------
 */

typedef struct computer {
  troupe_pid other;
  _Atomic uint32_t other_ran;
} computer;

/* Wakes another and computes until it has run. */
static int wake_and_compute(troupe_actor *a, const troupe_message *m) {
  (void)m;
  computer *c = troupe_actor_state(a);
  uint64_t deadline = now_ns() + 30 * TRP_NS_PER_S;
  pass(a, c->other);
  while (!atomic_load(&c->other_ran) && now_ns() < deadline) {
  }
  return TROUPE_OK;
}
static int note_run(troupe_actor *a, const troupe_message *m) {
  (void)m;
  atomic_store(&((computer *)troupe_actor_state(a))->other_ran, 1);
  return TROUPE_OK;
}

static bool both_sleep(troupe_system *sys) {
  uint64_t deadline = now_ns() + 30 * TRP_NS_PER_S;
  while (atomic_load(&sys->sched.parking.state) != 2 && now_ns() < deadline)
    usleep(200);
  return atomic_load(&sys->sched.parking.state) == 2;
}

/* Ten milliseconds later a spare thread would take over: it has to be the idle worker. As somebody
 * else may need the machine just then, once in twenty times will do. */
static void an_idle_worker_takes_what_waits_behind_a_slice(void **state) {
  (void)state;
  static const troupe_behavior computing = BEHAVIOR(wake_and_compute), noting = BEHAVIOR(note_run);
  bool by_itself = false;
  for (int i = 0; i < 20 && !by_itself; i++) {
    computer c = {{0}, 0};
    troupe_system *sys = start(2);
    c.other = spawn(sys, &noting, &c);
    troupe_pid pid = spawn(sys, &computing, &c);
    assert_true(both_sleep(sys));
    poke(sys, pid);
    bool ran = reached(&c.other_ran, 1);
    by_itself = atomic_load(&sys->sched.places) == 2;
    stop(sys);
    assert_true(ran);
  }
  assert_true(by_itself);
}

#if !TRP_UNDER_TSAN /* under which nobody is relieved */

enum { QUEUED = 100 };
typedef struct hung {
  troupe_pid others[QUEUED];
  _Atomic uint32_t ran;
} hung;

static int wake_many_and_hang(troupe_actor *a, const troupe_message *m) {
  (void)m;
  hung *h = troupe_actor_state(a);
  uint64_t deadline = now_ns() + 30 * TRP_NS_PER_S;
  for (int i = 0; i < QUEUED; i++)
    pass(a, h->others[i]);
  while (atomic_load(&h->ran) < QUEUED && now_ns() < deadline)
    usleep(1000);
  return TROUPE_OK;
}
static int count_run(troupe_actor *a, const troupe_message *m) {
  (void)m;
  atomic_fetch_add(&((hung *)troupe_actor_state(a))->ran, 1);
  return TROUPE_OK;
}

static void what_is_queued_at_a_stuck_worker_is_handed_over(void **state) {
  (void)state;
  static const troupe_behavior hanging = BEHAVIOR(wake_many_and_hang),
                               counting = BEHAVIOR(count_run);
  hung h = {0};
  troupe_system *sys = start(1);
  for (int i = 0; i < QUEUED; i++)
    h.others[i] = spawn(sys, &counting, &h);
  poke(sys, spawn(sys, &hanging, &h));
  assert_true(reached(&h.ran, QUEUED));
  stop(sys);
}

#endif

/* ---- no wake is lost ------------------------------------------------------------------------- */

static int answer(troupe_actor *a, const troupe_message *m) {
  (void)m;
  return troupe_actor_reply(a, NULL, 0);
}

/* Between two asks the workers get as far towards sleep as chance has it. */
static void every_ask_from_outside_finds_a_worker(void **state) {
  (void)state;
  static const troupe_behavior answering = BEHAVIOR(answer);
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int workers = 1; workers <= 3; workers++) {
    troupe_system *sys = start(workers);
    troupe_pid pid = spawn(sys, &answering, NULL);
    for (int i = 0; i < 5000; i++) {
      troupe_ask_opts o = {.size = sizeof o, .timeout_ms = 20000};
      assert_int_equal(troupe_ask_wait(sys, pid, &o, "m", NULL, 0, NULL, NULL, NULL, 0), TROUPE_OK);
      for (uint64_t n = trp_rand_below(&r, 1000); n > 0; n--)
        __builtin_ia32_pause();
    }
    stop(sys);
  }
}

/* ---- many that migrate ------------------------------------------------------------------------
 */

enum { NOMADS = 200, HOPS = 400000 };

typedef struct nomad {
  trp_rand rand;
  unsigned plain; /* like the kernel's canary: the sanitizer sees two owners by it */
} nomad;
static nomad nomads[NOMADS];
static troupe_pid nomad_pids[NOMADS];
static _Atomic uint32_t hops;

static int hop(troupe_actor *a, const troupe_message *m) {
  (void)m;
  nomad *n = troupe_actor_state(a);
  n->plain++;
  if (atomic_fetch_add(&hops, 1) >= HOPS) return TROUPE_OK;
  uint64_t dice = trp_rand_below(&n->rand, 100), id;
  if (dice == 0) usleep(50);
  if (dice == 1) {
    for (uint64_t i = trp_rand_below(&n->rand, 20000); i > 0; i--)
      __builtin_ia32_pause();
  }
  if (dice == 2) return troupe_actor_timer(a, 1, 0, false, NULL, &id);
  unsigned copies = dice < 10 ? 2 : dice < 18 ? 0 : 1;
  for (unsigned i = 0; i < copies; i++)
    pass(a, nomad_pids[trp_rand_below(&n->rand, NOMADS)]);
  return TROUPE_OK;
}

static void many_migrate_and_none_is_on_two_workers(void **state) {
  (void)state;
  static const troupe_behavior roaming = BEHAVIOR(hop);
  trp_rand r;
  trp_rand_init(&r, test_seed());
  troupe_system *sys = start(4);
  for (int i = 0; i < NOMADS; i++) {
    trp_rand_init(&nomads[i].rand, trp_rand_next(&r));
    nomad_pids[i] = spawn(sys, &roaming, &nomads[i]);
  }
  uint64_t deadline = now_ns() + 60 * TRP_NS_PER_S;
  while (atomic_load(&hops) < HOPS && now_ns() < deadline) {
    for (int i = 0; i < 20; i++)
      (void)troupe_tell(sys, nomad_pids[trp_rand_below(&r, NOMADS)], "m", NULL, 0);
    usleep((useconds_t)trp_rand_below(&r, 300));
  }
  stop(sys);
  assert_in_range(atomic_load(&hops), HOPS, UINT32_MAX);
}

/* ---- idle -------------------------------------------------------------------------------------
 */

enum { THREADS_MOST = 64 };
typedef struct threads {
  int tids[THREADS_MOST];
  size_t n;
} threads;

static threads threads_now(void) {
  threads t = {0};
  DIR *d = opendir("/proc/self/task");
  assert_non_null(d);
  /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is not shared */
  for (const struct dirent *e; (e = readdir(d)) && t.n < THREADS_MOST;)
    if (e->d_name[0] != '.') t.tids[t.n++] = (int)strtol(e->d_name, NULL, 10);
  closedir(d);
  return t;
}

static bool is_among(const threads *t, int tid) {
  for (size_t i = 0; i < t->n; i++)
    if (t->tids[i] == tid) return true;
  return false;
}

/* How often the threads that were not there before have gone to sleep. */
static uint64_t sleeps(const threads *before) {
  uint64_t sum = 0;
  threads now = threads_now();
  for (size_t i = 0; i < now.n; i++) {
    char path[64], line[128];
    if (is_among(before, now.tids[i])) continue;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", now.tids[i]);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
      static const char name[] = "voluntary_ctxt_switches:";
      if (strncmp(line, name, sizeof name - 1) == 0)
        sum += strtoull(line + sizeof name - 1, NULL, 10);
    }
    fclose(f);
  }
  return sum;
}

static int set_a_timer(troupe_actor *a, const troupe_message *m) {
  (void)m;
  uint64_t id;
  return troupe_actor_timer(a, 3600000, 0, false, NULL, &id);
}

/* The timer that is far away wakes nobody, and the tick has ended. */
static void an_idle_system_does_not_wake(void **state) {
  (void)state;
  static const troupe_behavior behavior = BEHAVIOR(set_a_timer);
  threads others = threads_now();
  troupe_system *sys = start(2);
  for (int i = 0; i < 10; i++)
    poke(sys, spawn(sys, &behavior, NULL));
  uint64_t before = sleeps(&others);
  int quiet = 0;
  for (int i = 0; quiet < 3 && i < 300; i++) {
    usleep(100000);
    uint64_t after = sleeps(&others);
    quiet = after == before ? quiet + 1 : 0;
    before = after;
  }
  assert_int_equal(quiet, 3);
  assert_int_not_equal(before, 0);
  stop(sys);
}

/* ---- two priorities ------------------------------------------------------------------------ */

enum { TURNS = 20000 };
typedef struct pair { /* two that pass one message to and fro */
  troupe_pid side[2];
  _Atomic uint32_t turns;
} pair;

static int turn(troupe_actor *a, const troupe_message *m) {
  pair *p = troupe_actor_state(a);
  (void)m;
  uint32_t n = atomic_fetch_add(&p->turns, 1) + 1;
  if (n < TURNS) pass(a, p->side[troupe_actor_pid(a).id == p->side[0].id]);
  return TROUPE_OK;
}
static const troupe_behavior turn_behavior = BEHAVIOR(turn);

static void pairs_of_both_priorities_get_to_their_end(void **state) {
  (void)state;
  enum { PAIRS = 8 };
  static pair pairs[PAIRS];
  troupe_system *sys = start(2);
  for (int i = 0; i < PAIRS; i++) {
    troupe_spawn_opts o = TROUPE_SPAWN_INIT;
    o.behavior = &turn_behavior;
    o.arg = &pairs[i];
    for (int side = 0; side < 2; side++) {
      o.priority = (i + side) % 3 == 0 ? TROUPE_PRIORITY_HIGH : TROUPE_PRIORITY_NORMAL;
      assert_int_equal(troupe_spawn(sys, &pairs[i].side[side], &o), TROUPE_OK);
    }
  }
  for (int i = 0; i < PAIRS; i++)
    poke(sys, pairs[i].side[0]);
  for (int i = 0; i < PAIRS; i++)
    assert_true(reached(&pairs[i].turns, TURNS));
  stop(sys);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(pairs_of_both_priorities_get_to_their_end),
    cmocka_unit_test(two_that_wake_each_other_let_a_third_through),
    cmocka_unit_test(each_of_more_than_a_ring_holds_has_its_turns),
    cmocka_unit_test(an_idle_worker_takes_what_waits_behind_a_slice),
#if !TRP_UNDER_TSAN
    cmocka_unit_test(what_is_queued_at_a_stuck_worker_is_handed_over),
#endif
    cmocka_unit_test(every_ask_from_outside_finds_a_worker),
    cmocka_unit_test(many_migrate_and_none_is_on_two_workers),
    cmocka_unit_test(an_idle_system_does_not_wake),
  };
  return run_tests(tests);
}
