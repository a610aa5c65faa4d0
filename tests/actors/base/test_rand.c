#include "tests/test.h"

#include "actors/base/rand.h"

static void the_sequence_is_the_reference_one(void **state) {
  (void)state;
  /* xoshiro256** from the state 1, 2, 3, 4, as published with the algorithm. */
  static const uint64_t expected[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
  trp_rand r = {.s = {1, 2, 3, 4}};
  for (size_t i = 0; i < 4; i++)
    assert_true(trp_rand_next(&r) == expected[i]);

  /* splitmix64 from 0. */
  trp_rand_init(&r, 0);
  assert_true(r.s[0] == UINT64_C(0xe220a8397b1dcdaf));
  assert_true(r.s[1] == UINT64_C(0x6e789e6aa1b965f4));
}

static void a_seed_repeats_its_sequence_and_others_differ(void **state) {
  (void)state;
  trp_rand a, b, c;
  trp_rand_init(&a, 7);
  trp_rand_init(&b, 7);
  trp_rand_init(&c, 8);
  int same = 0;
  for (int i = 0; i < 100; i++) {
    uint64_t x = trp_rand_next(&a);
    assert_true(x == trp_rand_next(&b));
    same += x == trp_rand_next(&c);
  }
  assert_int_equal(same, 0);
}

static void doubles_lie_in_the_half_open_unit_interval(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  double sum = 0;
  for (int i = 0; i < 10000; i++) {
    double x = trp_rand_double(&r);
    assert_true(x >= 0 && x < 1);
    sum += x;
  }
  assert_true(sum > 4500 && sum < 5500);
}

static void below_covers_its_range_evenly(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  int hits[7] = {0};
  for (int i = 0; i < 70000; i++) {
    uint64_t x = trp_rand_below(&r, 7);
    assert_true(x < 7);
    hits[x]++;
  }
  for (int i = 0; i < 7; i++)
    assert_in_range(hits[i], 9000, 11000);
  assert_true(trp_rand_below(&r, 0) == 0);
  assert_true(trp_rand_below(&r, 1) == 0);
  uint64_t huge = (UINT64_C(1) << 63) + 1; /* the worst case for refused numbers */
  for (int i = 0; i < 1000; i++)
    assert_true(trp_rand_below(&r, huge) < huge);
}

static void a_split_child_is_reproducible_and_independent(void **state) {
  (void)state;
  trp_rand p1, p2, c1, c2;
  trp_rand_init(&p1, 5);
  trp_rand_init(&p2, 5);
  trp_rand_split(&p1, &c1);
  trp_rand_split(&p2, &c2);
  int same = 0;
  for (int i = 0; i < 100; i++) {
    uint64_t x = trp_rand_next(&c1);
    assert_true(x == trp_rand_next(&c2));
    same += x == trp_rand_next(&p1);
  }
  assert_int_equal(same, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_sequence_is_the_reference_one),
      cmocka_unit_test(a_seed_repeats_its_sequence_and_others_differ),
      cmocka_unit_test(doubles_lie_in_the_half_open_unit_interval),
      cmocka_unit_test(below_covers_its_range_evenly),
      cmocka_unit_test(a_split_child_is_reproducible_and_independent),
  };
  return run_tests(tests);
}
