/* How workers sleep: no wake is lost, none is given twice, and one of them keeps the time. */
#include "tests/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "actors/base/clock.h"
#include "actors/base/rand.h"
#include "actors/parking.h"

static uint64_t now_ns(void) {
  const trp_clock real = trp_clock_monotonic();
  return trp_clock_ns(&real);
}

static void nobody_is_woken_when_nobody_sleeps_or_somebody_searches(void **state) {
  (void)state;
  trp_parking p;
  trp_parking_init(&p);
  assert_true(trp_parking_all_busy(&p));
  assert_false(trp_parking_wake(&p));
  assert_true(trp_parking_search(&p));
  assert_false(trp_parking_search(&p)); /* a second one is not alone */
  assert_false(trp_parking_all_busy(&p));
  trp_parking_enter(&p);
  assert_false(trp_parking_wake(&p)); /* the other one searches still */
  assert_true(trp_parking_found(&p));
  assert_true(trp_parking_wake(&p));
  trp_parking_sleep(&p, UINT64_MAX); /* takes the token that has come before it slept */
  assert_true(trp_parking_found(&p));
  assert_true(trp_parking_all_busy(&p));
}

static void a_sleep_ends_when_its_time_has_come(void **state) {
  (void)state;
  trp_parking p;
  trp_parking_init(&p);
  trp_parking_search(&p);
  trp_parking_enter(&p);
  uint64_t until = now_ns() + 2000000;
  trp_parking_sleep(&p, until);
  assert_true(now_ns() >= until);
  trp_parking_enter(&p);
  trp_parking_sleep(&p, 1); /* long past */
  assert_true(trp_parking_found(&p));
  assert_false(trp_parking_wake(&p));
}

static void who_leaves_while_it_is_woken_takes_its_token(void **state) {
  (void)state;
  trp_parking p;
  trp_parking_init(&p);
  trp_parking_search(&p);
  trp_parking_enter(&p);
  assert_true(trp_parking_wake(&p));
  trp_parking_leave(&p);
  assert_int_equal(atomic_load(&p.tokens), 0);
  trp_parking_enter(&p);
  trp_parking_leave(&p);
  assert_true(trp_parking_found(&p));
  assert_true(trp_parking_all_busy(&p));
}

static void the_earliest_sleeper_keeps_the_time(void **state) {
  (void)state;
  trp_parking p;
  trp_parking_init(&p);
  assert_false(trp_parking_keep(&p, UINT64_MAX)); /* there is no timer */
  assert_true(trp_parking_keep(&p, 100));
  assert_false(trp_parking_keep(&p, 100)); /* somebody does */
  assert_true(trp_parking_keep(&p, 50));
  trp_parking_kept(&p, 100); /* the first one wakes: the second keeps it */
  assert_false(trp_parking_keep(&p, 60));
  trp_parking_kept(&p, 50);
  assert_true(trp_parking_keep(&p, 100));
}

/* ---- no wake is lost ----------------------------------------------------------------------- */

enum { SLEEPERS = 3, PIECES = 100000 };

/* Work is a number that is waiting. Who brings a piece waits for it to be taken before the next, so
 * that the sleepers fall asleep again and again, and a lost wake is never made up for. */
static trp_parking parking;
static _Atomic uint32_t waiting, taken;
static _Atomic bool over;

static bool take_piece(void) {
  uint32_t n = atomic_load(&waiting);
  while (n != 0 && !atomic_compare_exchange_weak(&waiting, &n, n - 1)) {
  }
  if (n != 0) atomic_fetch_add(&taken, 1);
  return n != 0;
}

static void *sleeper(void *arg) {
  (void)arg;
  while (!atomic_load(&over)) {
    trp_parking_search(&parking);
    while (!atomic_load(&over) && !take_piece()) {
      trp_parking_enter(&parking);
      if (atomic_load(&waiting) || atomic_load(&over))
        trp_parking_leave(&parking);
      else
        trp_parking_sleep(&parking, UINT64_MAX);
    }
    if (trp_parking_found(&parking) && atomic_load(&waiting)) trp_parking_wake(&parking);
  }
  return NULL;
}

static void no_wake_is_lost(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  trp_parking_init(&parking);
  pthread_t threads[SLEEPERS];
  for (int i = 0; i < SLEEPERS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, sleeper, NULL), 0);
  uint32_t brought = 0;
  bool stuck = false;
  while (brought < PIECES && !stuck) {
    uint32_t n = 1 + (uint32_t)trp_rand_below(&r, 3);
    for (uint32_t i = 0; i < n; i++) {
      atomic_fetch_add(&waiting, 1);
      trp_parking_wake(&parking);
    }
    brought += n;
    for (uint64_t i = trp_rand_below(&r, 300); i > 0; i--)
      __builtin_ia32_pause();
    uint64_t deadline = now_ns() + 20 * TRP_NS_PER_S;
    while (atomic_load(&taken) < brought && !stuck) {
      sched_yield();
      stuck = now_ns() > deadline;
    }
  }
  assert_int_equal(atomic_load(&taken), brought);
  atomic_store(&over, true);
  trp_parking_wake_all(&parking);
  for (int i = 0; i < SLEEPERS; i++)
    pthread_join(threads[i], NULL);
  assert_true(trp_parking_all_busy(&parking));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobody_is_woken_when_nobody_sleeps_or_somebody_searches),
      cmocka_unit_test(a_sleep_ends_when_its_time_has_come),
      cmocka_unit_test(who_leaves_while_it_is_woken_takes_its_token),
      cmocka_unit_test(the_earliest_sleeper_keeps_the_time),
      cmocka_unit_test(no_wake_is_lost),
  };
  return run_tests(tests);
}
