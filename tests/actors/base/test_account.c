#include "tests/test.h"

#include <pthread.h>
#include <stdlib.h>

#include "actors/base/account.h"
#include "actors/base/rand.h"

static void an_account_takes_up_to_its_limit_and_not_a_byte_more(void **state) {
  (void)state;
  trp_account a;
  trp_account_init(&a, 100, NULL);
  assert_null(trp_account_charge(&a, 99));
  assert_null(trp_account_charge(&a, 1));
  assert_ptr_equal(trp_account_charge(&a, 1), &a);
  assert_int_equal(trp_account_used(&a), 100);
  trp_account_uncharge(&a, 1);
  assert_ptr_equal(trp_account_charge(&a, 2), &a);
  assert_ptr_equal(trp_account_charge(&a, UINT64_MAX), &a);
  assert_null(trp_account_charge(&a, 0));
  assert_int_equal(trp_account_used(&a), 99);
}

static void an_account_without_a_limit_refuses_only_what_cannot_be_counted(void **state) {
  (void)state;
  trp_account a;
  trp_account_init(&a, 0, NULL);
  assert_null(trp_account_charge(&a, UINT64_MAX - 1));
  assert_null(trp_account_charge(&a, 1));
  assert_ptr_equal(trp_account_charge(&a, 1), &a);
}

static void a_refusal_above_leaves_nothing_charged_below(void **state) {
  (void)state;
  trp_account top, middle, low, other;
  trp_account_init(&top, 100, NULL);
  trp_account_init(&middle, 0, &top);
  trp_account_init(&low, 60, &middle);
  trp_account_init(&other, 60, &middle);
  assert_null(trp_account_charge(&low, 60));
  assert_ptr_equal(trp_account_charge(&low, 1), &low);
  assert_ptr_equal(trp_account_charge(&other, 41), &top);
  assert_int_equal(trp_account_used(&other), 0);
  assert_int_equal(trp_account_used(&middle), 60);
  assert_null(trp_account_charge(&other, 40));
  trp_account_uncharge(&low, 60);
  trp_account_uncharge(&other, 40);
  assert_int_equal(trp_account_used(&top), 0);
}

enum { NODES = 12 };

typedef struct model {
  int parent[NODES];   /* -1: the top */
  uint64_t own[NODES]; /* charged to the node itself */
} model;

/* What a node has to bear: its own and everyone's below. */
static uint64_t sum_of(const model *m, int node) {
  uint64_t sum = 0;
  for (int i = 0; i < NODES; i++) {
    int up = i;
    while (up >= 0 && up != node)
      up = m->parent[up];
    if (up == node) sum += m->own[i];
  }
  return sum;
}

/* The node that has to refuse a charge, or -1. */
static int refuser(const model *m, const trp_account *node, int at, uint64_t bytes) {
  while (at >= 0 && sum_of(m, at) + bytes <= node[at].limit)
    at = m->parent[at];
  return at;
}

/* Random charges on a random tree against plain sums. */
static void accounts_agree_with_a_model(void **state) {
  (void)state;
  enum { STEPS = 200000 };
  trp_rand r;
  trp_rand_init(&r, test_seed());
  trp_account node[NODES];
  model m = {.parent = {-1}};
  for (int i = 0; i < NODES; i++) {
    if (i > 0) m.parent[i] = (int)trp_rand_below(&r, (uint64_t)i);
    uint64_t limit = trp_rand_below(&r, 4) ? 1 + trp_rand_below(&r, 1000) : 0;
    trp_account_init(&node[i], limit, i == 0 ? NULL : &node[m.parent[i]]);
  }
  for (int step = 0; step < STEPS; step++) {
    int at = (int)trp_rand_below(&r, NODES);
    uint64_t bytes = trp_rand_below(&r, 200);
    if (trp_rand_below(&r, 2)) {
      int want = refuser(&m, node, at, bytes);
      assert_ptr_equal(trp_account_charge(&node[at], bytes), want < 0 ? NULL : &node[want]);
      if (want < 0) m.own[at] += bytes;
    } else if (bytes <= m.own[at]) {
      trp_account_uncharge(&node[at], bytes);
      m.own[at] -= bytes;
    }
  }
}

typedef struct racer {
  trp_account *account;
  uint64_t seed, worst; /* the highest sum seen above */
  uint64_t held;
} racer;

static void *race(void *arg) {
  racer *me = arg;
  trp_rand r;
  trp_rand_init(&r, me->seed);
  for (int i = 0; i < 100000; i++) {
    uint64_t bytes = 1 + trp_rand_below(&r, 50);
    if (!trp_account_charge(me->account, bytes)) me->held += bytes;
    uint64_t used = trp_account_used(me->account->parent);
    if (used > me->worst) me->worst = used;
    if (me->held > 100) {
      trp_account_uncharge(me->account, me->held);
      me->held = 0;
    }
  }
  return NULL;
}

static void racing_charges_never_pass_the_limit(void **state) {
  (void)state;
  enum { RACERS = 4 };
  trp_account top, low[RACERS];
  racer racers[RACERS];
  pthread_t threads[RACERS];
  uint64_t seed = test_seed(), held = 0;
  trp_account_init(&top, 200, NULL);
  for (int i = 0; i < RACERS; i++) {
    trp_account_init(&low[i], 0, &top);
    racers[i] = (racer){.account = &low[i], .seed = seed + (uint64_t)i};
    assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
  }
  for (int i = 0; i < RACERS; i++) {
    pthread_join(threads[i], NULL);
    assert_true(racers[i].worst <= 200);
    assert_int_equal(trp_account_used(&low[i]), racers[i].held);
    held += racers[i].held;
  }
  assert_int_equal(trp_account_used(&top), held);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_account_takes_up_to_its_limit_and_not_a_byte_more),
      cmocka_unit_test(an_account_without_a_limit_refuses_only_what_cannot_be_counted),
      cmocka_unit_test(a_refusal_above_leaves_nothing_charged_below),
      cmocka_unit_test(accounts_agree_with_a_model),
      cmocka_unit_test(racing_charges_never_pass_the_limit),
  };
  return run_tests(tests);
}
