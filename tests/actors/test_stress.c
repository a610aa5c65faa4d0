/* Real workers: accounting and order while actors crash, are killed and slots are reused. */
#include "tests/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <troupe/actor.h>
#include <troupe/system.h>

#include "actors/base/rand.h"

#define NODES 24
#define ROUNDS 60
#define BURST 200

typedef struct node { /* one place in the ring; outlives its actors */
  _Atomic uint64_t pid;
  _Atomic uint64_t spawned, freed;
} node;

static node nodes[NODES];
static _Atomic uint64_t disorder, replies, downs;

typedef struct state { /* of one generation */
  trp_rand rand;
  uint64_t next;
} state;

static int node_init(troupe_actor *a, void *arg) {
  (void)arg;
  state *s = calloc(1, sizeof *s);
  if (!s) return TROUPE_E_NO_MEMORY;
  trp_rand_init(&s->rand, troupe_actor_pid(a).id);
  troupe_actor_set_state(a, s);
  return TROUPE_OK;
}

static void node_fini(troupe_actor *a) { free(troupe_actor_state(a)); }

static void send_on(troupe_actor *a, state *s, int hops) {
  troupe_send_opts o = {.size = sizeof o, .wait_ms = 20, .timeout_ms = 200};
  troupe_pid to = {atomic_load(&nodes[trp_rand_below(&s->rand, NODES)].pid)};
  uint64_t id;
  uint64_t body[3] = {troupe_actor_pid(a).id, ++s->next, (uint64_t)hops};
  switch (trp_rand_below(&s->rand, 4)) {
  case 0:
    (void)troupe_actor_ask(a, to, "ask", body, sizeof body, &o, &id);
    break;
  case 1:
    (void)troupe_actor_monitor(a, to, &id);
    break;
  default:
    (void)troupe_actor_tell(a, to, "tell", body, sizeof body, &o, &id);
    break;
  }
}

static int node_receive(troupe_actor *a, const troupe_message *m) {
  state *s = troupe_actor_state(a);
  if (m->type == TROUPE_MESSAGE_DOWN) {
    atomic_fetch_add(&downs, 1);
    return TROUPE_OK;
  }
  uint64_t body[3];
  if (m->len != sizeof body) return TROUPE_OK;
  memcpy(body, m->data, sizeof body);
  if (body[2] > 0) send_on(a, s, (int)body[2] - 1);
  switch (trp_rand_below(&s->rand, 200)) {
  case 0:
    troupe_actor_exit(a, TROUPE_EXIT_ERROR, 0, "random", NULL);
    break;
  case 1:
    troupe_actor_exit(a, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
    break;
  case 2:
    return TROUPE_E_DENIED;
  default:
    break;
  }
  return TROUPE_OK;
}

static void node_resume(troupe_actor *a, const troupe_event *e) {
  (void)a, (void)e;
  atomic_fetch_add(&replies, 1);
}

static const troupe_behavior node_behavior = {.size = sizeof node_behavior,
                                              .init = node_init,
                                              .receive = node_receive,
                                              .resume = node_resume,
                                              .fini = node_fini};

static void node_gone(void *arg) { atomic_fetch_add(&((node *)arg)->freed, 1); }

static void respawn(troupe_system *sys, node *n) {
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &node_behavior;
  o.arg = n;
  o.arg_free = node_gone;
  o.mailbox_messages = 16;
  troupe_pid pid;
  atomic_fetch_add(&n->spawned, 1);
  assert_int_equal(troupe_spawn(sys, &pid, &o), TROUPE_OK);
  atomic_store(&n->pid, pid.id);
}

static void quiet(void *ctx, troupe_log_level level, const char *line, size_t len) {
  (void)ctx, (void)level, (void)line, (void)len;
}

static void nothing_is_lost_while_actors_crash_and_are_killed(void **unused) {
  (void)unused;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 3;
  cfg.log = quiet;
  troupe_system *sys;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  for (int i = 0; i < NODES; i++)
    respawn(sys, &nodes[i]);
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < BURST; i++) {
      uint64_t body[3] = {0, 0, trp_rand_below(&r, 20)};
      troupe_pid to = {atomic_load(&nodes[trp_rand_below(&r, NODES)].pid)};
      (void)troupe_tell(sys, to, "seed", body, sizeof body);
    }
    for (int i = 0; i < 6; i++) {
      node *n = &nodes[trp_rand_below(&r, NODES)];
      troupe_pid pid = {atomic_load(&n->pid)};
      if (i % 2)
        (void)troupe_kill(sys, pid);
      else
        (void)troupe_stop(sys, pid);
      respawn(sys, n);
    }
    sched_yield();
  }
  assert_int_equal(troupe_system_stop(sys, 20000), TROUPE_OK);
  troupe_stats s;
  troupe_system_stats(sys, &s);
  uint64_t dead = 0;
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++)
    dead += i == TROUPE_DEAD_LATE_REPLY ? 0 : s.dead[i];
  assert_int_equal(s.actors, 0);
  assert_int_equal(s.sent, s.handled + dead);
  for (int i = 0; i < NODES; i++)
    assert_int_equal(nodes[i].spawned, nodes[i].freed);
  troupe_system_free(sys);
}

/* ---- order --------------------------------------------------------------------------------- */

#define SENDERS 4u
#define EACH 20000ul

typedef struct sink {
  uint64_t next[SENDERS];
  _Atomic uint64_t total;
} sink;

static int sink_init(troupe_actor *a, void *arg) {
  troupe_actor_set_state(a, arg);
  return TROUPE_OK;
}
static int sink_receive(troupe_actor *a, const troupe_message *m) {
  sink *s = troupe_actor_state(a);
  uint32_t body[2];
  memcpy(body, m->data, sizeof body);
  if (body[1] != s->next[body[0]]++) atomic_fetch_add(&disorder, 1);
  atomic_fetch_add(&s->total, 1);
  return TROUPE_OK;
}
static const troupe_behavior sink_behavior = {
    .size = sizeof sink_behavior, .init = sink_init, .receive = sink_receive};

typedef struct source {
  uint32_t number, sent;
  troupe_pid to;
  bool parked;
} source;

static void pump(troupe_actor *a) {
  source *s = troupe_actor_state(a);
  troupe_send_opts o = {.size = sizeof o, .wait_ms = 60000};
  for (int i = 0; i < 100 && s->sent < EACH; i++) {
    uint32_t body[2] = {s->number, s->sent};
    uint64_t id;
    s->sent++;
    if (troupe_actor_tell(a, s->to, "n", body, sizeof body, &o, &id) == TROUPE_PENDING) {
      troupe_actor_block(a, true);
      return;
    }
  }
  if (s->sent < EACH) (void)troupe_actor_tell(a, troupe_actor_pid(a), "go", NULL, 0, NULL, NULL);
}
static int source_init(troupe_actor *a, void *arg) {
  troupe_actor_set_state(a, arg);
  return TROUPE_OK;
}
static int source_receive(troupe_actor *a, const troupe_message *m) {
  (void)m;
  pump(a);
  return TROUPE_OK;
}
static void source_resume(troupe_actor *a, const troupe_event *e) {
  if (e->code != TROUPE_OK) atomic_fetch_add(&disorder, 1);
  troupe_actor_block(a, false);
  pump(a);
}
static const troupe_behavior source_behavior = {.size = sizeof source_behavior,
                                                .init = source_init,
                                                .receive = source_receive,
                                                .resume = source_resume};

static void each_senders_order_is_kept_through_a_full_mailbox(void **unused) {
  (void)unused;
  troupe_config cfg = TROUPE_CONFIG_INIT;
  cfg.workers = 3;
  cfg.log = quiet;
  troupe_system *sys;
  assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
  sink k = {0};
  troupe_spawn_opts o = TROUPE_SPAWN_INIT;
  o.behavior = &sink_behavior;
  o.arg = &k;
  o.mailbox_messages = 8;
  troupe_pid to, pid;
  assert_int_equal(troupe_spawn(sys, &to, &o), TROUPE_OK);
  source s[SENDERS];
  for (uint32_t i = 0; i < SENDERS; i++) {
    s[i] = (source){.number = i, .to = to};
    troupe_spawn_opts so = TROUPE_SPAWN_INIT;
    so.behavior = &source_behavior;
    so.arg = &s[i];
    assert_int_equal(troupe_spawn(sys, &pid, &so), TROUPE_OK);
    assert_int_equal(troupe_tell(sys, pid, "go", NULL, 0), TROUPE_OK);
  }
  for (int i = 0; i < 60000 && atomic_load(&k.total) < SENDERS * EACH; i++) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  assert_int_equal(atomic_load(&k.total), SENDERS * EACH);
  assert_int_equal(atomic_load(&disorder), 0);
  assert_int_equal(troupe_system_stop(sys, 5000), TROUPE_OK);
  troupe_system_free(sys);
}

static void *stop_it(void *sys) { return troupe_system_stop(sys, 10000) == TROUPE_OK ? sys : NULL; }

static void several_threads_may_stop_a_system_at_once(void **unused) {
  (void)unused;
  enum { SYSTEMS = 50, STOPPERS = 4 };
  for (int i = 0; i < SYSTEMS; i++) {
    troupe_config cfg = TROUPE_CONFIG_INIT;
    cfg.workers = 2;
    troupe_system *sys;
    assert_int_equal(troupe_system_start(&sys, &cfg), TROUPE_OK);
    pthread_t stoppers[STOPPERS];
    for (int k = 0; k < STOPPERS; k++)
      assert_int_equal(pthread_create(&stoppers[k], NULL, stop_it, sys), 0);
    for (int k = 0; k < STOPPERS; k++) {
      void *told = NULL;
      assert_int_equal(pthread_join(stoppers[k], &told), 0);
      assert_ptr_equal(told, sys);
    }
    troupe_system_free(sys);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_lost_while_actors_crash_and_are_killed),
      cmocka_unit_test(each_senders_order_is_kept_through_a_full_mailbox),
      cmocka_unit_test(several_threads_may_stop_a_system_at_once),
  };
  return run_tests(tests);
}
