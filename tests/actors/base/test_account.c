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

/* Random charges on a random tree against plain sums. */
static void accounts_agree_with_a_model(void **state) {
  (void)state;
  enum { NODES = 12, STEPS = 200000 };
  uint64_t seed = test_seed();
  trp_rand r;
  trp_rand_init(&r, seed);
  trp_account node[NODES];
  uint64_t own[NODES] = {0}; /* charged to the node itself */
  int parent[NODES];
  for (int i = 0; i < NODES; i++) {
    parent[i] = i == 0 ? -1 : (int)trp_rand_below(&r, (uint64_t)i);
    uint64_t limit = trp_rand_below(&r, 4) ? 1 + trp_rand_below(&r, 1000) : 0;
    trp_account_init(&node[i], limit, i == 0 ? NULL : &node[parent[i]]);
  }
  for (int step = 0; step < STEPS; step++) {
    int at = (int)trp_rand_below(&r, NODES);
    uint64_t bytes = trp_rand_below(&r, 200);
    if (trp_rand_below(&r, 2)) {
      const trp_account *want = NULL;
      for (int i = at; i >= 0 && !want; i = parent[i]) {
        uint64_t sum = 0;
        for (int j = 0; j < NODES; j++) {
          int up = j;
          while (up >= 0 && up != i)
            up = parent[up];
          if (up == i) sum += own[j];
        }
        if (sum + bytes > node[i].limit) want = &node[i];
      }
      assert_ptr_equal(trp_account_charge(&node[at], bytes), want);
      if (!want) own[at] += bytes;
    } else if (bytes <= own[at]) {
      trp_account_uncharge(&node[at], bytes);
      own[at] -= bytes;
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
