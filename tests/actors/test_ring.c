/* The ring of runnable actors: order, room, and that each is taken once whoever takes. */
#include "tests/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "actors/ring.h"

enum { ITEMS = 400000 };

/* Actors are only addresses here: the n-th one. */
static char actors[ITEMS];
static troupe_actor *nth(size_t n) { return (troupe_actor *)(void *)&actors[n]; }
static size_t number_of(const troupe_actor *a) {
  return (size_t)((const char *)(const void *)a - actors);
}

static void the_oldest_is_taken_first(void **state) {
  (void)state;
  static trp_ring r;
  assert_null(trp_ring_take(&r));
  assert_true(trp_ring_empty(&r));
  size_t put = 0, taken = 0;
  for (int round = 0; round < 500; round++) { /* around it some hundred times */
    for (int i = 0; i < 700; i++)
      assert_true(trp_ring_push(&r, nth(put++)));
    assert_false(trp_ring_empty(&r));
    for (int i = 0; i < 700; i++)
      assert_int_equal(number_of(trp_ring_take(&r)), taken++);
    assert_null(trp_ring_take(&r));
  }
}

static void a_full_one_takes_no_more_until_one_is_taken(void **state) {
  (void)state;
  static trp_ring r;
  for (size_t i = 0; i < TRP_RING_ROOM; i++)
    assert_true(trp_ring_push(&r, nth(i)));
  assert_false(trp_ring_push(&r, nth(TRP_RING_ROOM)));
  assert_int_equal(number_of(trp_ring_take(&r)), 0);
  assert_true(trp_ring_push(&r, nth(TRP_RING_ROOM)));
  assert_false(trp_ring_push(&r, nth(0)));
  for (size_t i = 1; i <= TRP_RING_ROOM; i++)
    assert_int_equal(number_of(trp_ring_take(&r)), i);
}

/* ---- thieves ------------------------------------------------------------------------------- */

enum { THIEVES = 2 };

static trp_ring ring;
static uint8_t times[THIEVES + 1][ITEMS];
static _Atomic uint32_t disorder;
static _Atomic bool over;

/* What one taker gets comes in order. */
static bool take(int taker, size_t *last) {
  troupe_actor *a = trp_ring_take(&ring);
  if (!a) return false;
  size_t n = number_of(a);
  if (n < *last) atomic_fetch_add(&disorder, 1);
  *last = n;
  times[taker][n]++;
  return true;
}

static void *steal(void *arg) {
  size_t last = 0;
  for (;;) {
    bool end = atomic_load(&over); /* before the look that finds nothing */
    if (!take(*(int *)arg, &last) && end) return NULL;
  }
}

static void each_is_taken_once_whoever_takes(void **state) {
  (void)state;
  pthread_t threads[THIEVES];
  int numbers[THIEVES];
  size_t last = 0;
  for (int i = 0; i < THIEVES; i++) {
    numbers[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, steal, &numbers[i]), 0);
  }
  for (size_t n = 0; n < ITEMS; n++) {
    while (!trp_ring_push(&ring, nth(n)))
      take(THIEVES, &last);
    if (n % 7 == 0) take(THIEVES, &last);
  }
  while (take(THIEVES, &last)) {
  }
  atomic_store(&over, true);
  for (int i = 0; i < THIEVES; i++)
    pthread_join(threads[i], NULL);
  for (size_t n = 0; n < ITEMS; n++) {
    int all = 0;
    for (int i = 0; i <= THIEVES; i++)
      all += times[i][n];
    assert_int_equal(all, 1);
  }
  assert_int_equal(atomic_load(&disorder), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_oldest_is_taken_first),
      cmocka_unit_test(a_full_one_takes_no_more_until_one_is_taken),
      cmocka_unit_test(each_is_taken_once_whoever_takes),
  };
  return run_tests(tests);
}
