/* Every message is accounted for: a million of them (TROUPE_SOAK=1: ten million), under every
 * overflow policy, at both priorities, told, asked, forwarded, skipped and parked, while their
 * actors crash, are killed, restarted and replaced in the same slots. */
#include "tests/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <troupe/actor.h>
#include <troupe/system.h>

#include "actors/base/rand.h"

enum { PLACES = 32, HOSTS = 2, MESSAGES = 1000000, SOAK_MESSAGES = 10000000, GENERATIONS = 5 };

typedef struct place { /* of one actor after the other */
  _Atomic uint64_t pid;
  _Atomic uint64_t spawned, freed;
} place;

static place places[PLACES];
static troupe_system *sys;
static _Atomic uint64_t sent, received, restarted, events, skipped;
static _Atomic uint64_t dead[TROUPE_DEAD_COUNT], untold;
static _Atomic bool over;

static troupe_pid anybody(trp_rand *r) {
  return (troupe_pid){atomic_load(&places[trp_rand_below(r, PLACES)].pid)};
}

/* ---- an actor ------------------------------------------------------------------------------ */

typedef struct state { /* of one generation */
  trp_rand rand;
  uint64_t open; /* asks and parks that have not ended */
} state;

static int node_init(troupe_actor *a, void *arg) {
  (void)arg;
  state *s = calloc(1, sizeof *s);
  if (!s) return TROUPE_E_NO_MEMORY;
  trp_rand_init(&s->rand, troupe_actor_pid(a).id + troupe_actor_generation(a));
  troupe_actor_set_state(a, s);
  return TROUPE_OK;
}
static void node_fini(troupe_actor *a) { free(troupe_actor_state(a)); }

/* Sends on with one hop less. */
static void send_on(troupe_actor *a, state *s, uint32_t hops) {
  uint64_t id;
  troupe_send_opts o = {.size = sizeof o,
                        .wait_ms = trp_rand_below(&s->rand, 2) ? 20 : 0,
                        .timeout_ms = 200,
                        .priority = trp_rand_below(&s->rand, 8) ? TROUPE_PRIORITY_NORMAL
                                                                : TROUPE_PRIORITY_HIGH};
  bool asks = trp_rand_below(&s->rand, 4) == 0;
  troupe_pid to = anybody(&s->rand);
  int err = asks ? troupe_actor_ask(a, to, "ask", &hops, sizeof hops, &o, &id)
                 : troupe_actor_tell(a, to, "tell", &hops, sizeof hops, &o, &id);
  if (err == TROUPE_E_LIMIT) return; /* too many asks: it was never sent */
  atomic_fetch_add(&sent, 1);
  if ((asks && err == TROUPE_OK) || err == TROUPE_PENDING) s->open++;
}

static int node_receive(troupe_actor *a, const troupe_message *m) {
  state *s = troupe_actor_state(a);
  uint32_t hops;
  memcpy(&hops, m->data, sizeof hops);
  uint64_t chance = trp_rand_below(&s->rand, 1000);
  if (chance >= 990 && m->type == TROUPE_MESSAGE_TELL) {
    atomic_fetch_add(&skipped, 1);
    return TROUPE_SKIP;
  }
  if (chance >= 900) troupe_actor_rescan(a);
  atomic_fetch_add(&received, 1);
  if (hops) send_on(a, s, hops - 1);
  if (chance < 3) troupe_actor_exit(a, TROUPE_EXIT_ERROR, 0, "by chance", NULL);
  if (chance == 3) troupe_actor_exit(a, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
  if (chance == 4) return TROUPE_E_DENIED;
  if (chance == 5) troupe_actor_refuse(a, 0);
  if (chance > 5 && chance < 100) {
    uint64_t id;
    troupe_send_opts o = {.size = sizeof o, .wait_ms = 10};
    atomic_fetch_add(&sent, 1);
    if (troupe_actor_forward(a, 0, anybody(&s->rand), &o, &id) == TROUPE_PENDING) s->open++;
  }
  return TROUPE_OK;
}
static void node_resume(troupe_actor *a, const troupe_event *e) {
  (void)e;
  state *s = troupe_actor_state(a);
  if (s->open-- == 0) atomic_fetch_add(&untold, 1); /* more were told than had begun */
  atomic_fetch_add(&events, 1);
}

static const troupe_behavior node_behavior = {.size = sizeof node_behavior,
                                              .init = node_init,
                                              .receive = node_receive,
                                              .resume = node_resume,
                                              .fini = node_fini};

/* ---- their parent -------------------------------------------------------------------------- */

static void node_gone(void *arg) { atomic_fetch_add(&((place *)arg)->freed, 1); }

static int fill_place(troupe_actor *a, place *p) {
  static const uint32_t rooms[] = {1, 2, 8, 40, 200};
  trp_rand *r = troupe_actor_state(a);
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &node_behavior;
  o.arg = o.user = p;
  o.arg_free = node_gone;
  o.mailbox_messages = rooms[trp_rand_below(r, sizeof rooms / sizeof *rooms)];
  o.overflow = (troupe_overflow)trp_rand_below(r, TROUPE_OVERFLOW_STOP + 1);
  troupe_pid pid;
  atomic_fetch_add(&p->spawned, 1);
  int err = troupe_actor_spawn(a, &o, &pid, NULL);
  if (!err) atomic_store(&p->pid, pid.id);
  return err;
}

static int parent_init(troupe_actor *a, void *arg) {
  troupe_actor_set_state(a, arg);
  for (int i = 0; i < PLACES; i++) {
    int err = fill_place(a, &places[i]);
    if (err) return err;
  }
  return TROUPE_OK;
}
static int parent_receive(troupe_actor *a, const troupe_message *m) {
  (void)a, (void)m;
  return TROUPE_OK;
}
static void parent_child(troupe_actor *a, troupe_child *c, troupe_child_event e) {
  if (e == TROUPE_CHILD_EXITED && troupe_child_generation(c) < GENERATIONS) {
    atomic_fetch_add(&restarted, 1);
    troupe_child_restart(a, c);
  } else if (e == TROUPE_CHILD_EXITED) {
    troupe_child_release(a, c);
  } else if (e == TROUPE_CHILD_GONE && !atomic_load(&over)) {
    (void)fill_place(a, troupe_child_user(c));
  }
}
static const troupe_behavior parent_behavior = {.size = sizeof parent_behavior,
                                                .init = parent_init,
                                                .receive = parent_receive,
                                                .child = parent_child};

/* ---- the hosts ----------------------------------------------------------------------------- */

typedef struct host {
  uint64_t seed, goal;
} host;

static void *drive(void *arg) {
  const host *h = arg;
  trp_rand r;
  trp_rand_init(&r, h->seed);
  while (atomic_load(&sent) < h->goal) {
    uint32_t hops = (uint32_t)trp_rand_below(&r, 30);
    (void)troupe_tell(sys, anybody(&r), "seed", &hops, sizeof hops);
    atomic_fetch_add(&sent, 1);
    uint64_t chance = trp_rand_below(&r, 1000);
    if (chance == 0) (void)troupe_kill(sys, anybody(&r));
    if (chance == 1) (void)troupe_stop(sys, anybody(&r));
  }
  return NULL;
}

static void note_dead(void *ctx, const troupe_dead_letter *d) {
  (void)ctx;
  atomic_fetch_add(&dead[d->reason], 1);
}
static void quiet(void *ctx, troupe_log_level level, const char *line, size_t len) {
  (void)ctx, (void)level, (void)line, (void)len;
}

static void check_account(void) {
  troupe_stats s;
  troupe_system_stats(sys, &s);
  uint64_t all = 0;
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++) {
    assert_int_equal(s.dead[i], dead[i]); /* each is told once */
    if (i != TROUPE_DEAD_LATE_REPLY) all += s.dead[i];
  }
  assert_int_equal(s.actors, 0);
  assert_int_equal(s.sent, sent);
  assert_int_equal(s.sent, s.handled + all);
  /* what was delivered is handled, or its receiver failed, ended or refused */
  assert_true(s.handled <= received);
  assert_true(received <= s.handled + s.dead[TROUPE_DEAD_CRASHED] + s.dead[TROUPE_DEAD_STOPPED] +
                              s.dead[TROUPE_DEAD_NO_HANDLER]);
  assert_int_equal(s.restarts, restarted);
  assert_int_equal(untold, 0);
  for (int i = 0; i < PLACES; i++)
    assert_int_equal(places[i].spawned, places[i].freed);
  /* nothing of what is tested was left out */
  static const troupe_dead_reason met[] = {TROUPE_DEAD_NOPROC,      TROUPE_DEAD_STOPPED,
                                           TROUPE_DEAD_CRASHED,     TROUPE_DEAD_MAILBOX_FULL,
                                           TROUPE_DEAD_NO_HANDLER,  TROUPE_DEAD_OVERFLOW_NEW,
                                           TROUPE_DEAD_OVERFLOW_OLD};
  for (size_t i = 0; i < sizeof met / sizeof *met; i++)
    assert_true(dead[met[i]] > 0);
  assert_true(restarted > 0 && events > 0 && skipped > 0 && s.parked > 0 && s.filled > 0);
}

static void every_message_is_accounted_for(void **unused) {
  (void)unused;
  const char *soak = getenv("TROUPE_SOAK"); /* NOLINT(concurrency-mt-unsafe): before any thread */
  uint64_t seed = test_seed();
  trp_rand r;
  trp_rand_init(&r, seed);
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 3;
  cfg.seed = seed;
  cfg.log = quiet;
  cfg.on_dead_letter = note_dead;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &parent_behavior;
  o.arg = &r;
  troupe_pid parent;
  assert_int_equal(troupe_spawn(sys, &parent, &o), TROUPE_OK);
  pthread_t threads[HOSTS];
  host hosts[HOSTS];
  for (int i = 0; i < HOSTS; i++) {
    hosts[i] = (host){.seed = seed + (uint64_t)i, .goal = soak ? SOAK_MESSAGES : MESSAGES};
    assert_int_equal(pthread_create(&threads[i], NULL, drive, &hosts[i]), 0);
  }
  for (int i = 0; i < HOSTS; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  atomic_store(&over, true);
  assert_int_equal(troupe_system_stop(sys, 60000), TROUPE_OK);
  check_account();
  troupe_system_free(sys);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_message_is_accounted_for)};
  return run_tests(tests);
}
