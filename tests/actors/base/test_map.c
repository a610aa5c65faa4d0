#include "tests/test.h"

#include <errno.h>

#include "actors/base/map.h"
#include "actors/base/rand.h"

enum { KEYS = 300, STEPS = 50000 };

static char values[KEYS]; /* only their addresses are used */

static void an_empty_map_answers(void **state) {
  (void)state;
  trp_map m;
  size_t pos = 0;
  uint64_t key = 0;
  void *value = NULL;
  trp_map_init(&m, NULL);
  assert_null(trp_map_get(&m, 1));
  assert_null(trp_map_del(&m, 1));
  assert_int_equal(trp_map_count(&m), 0);
  assert_false(trp_map_next(&m, &pos, &key, &value));
  trp_map_fini(&m);
}

static void put_adds_and_replaces(void **state) {
  (void)state;
  trp_map m;
  trp_map_init(&m, NULL);
  assert_int_equal(trp_map_put(&m, 0, &values[0]), 0);
  assert_int_equal(trp_map_put(&m, UINT64_MAX, &values[1]), 0);
  assert_int_equal(trp_map_put(&m, 0, &values[2]), 0);
  assert_int_equal(trp_map_count(&m), 2);
  assert_ptr_equal(trp_map_get(&m, 0), &values[2]);
  assert_ptr_equal(trp_map_get(&m, UINT64_MAX), &values[1]);
  assert_ptr_equal(trp_map_del(&m, 0), &values[2]);
  assert_null(trp_map_get(&m, 0));
  assert_int_equal(trp_map_count(&m), 1);
  trp_map_fini(&m);
}

static void expect_same(const trp_map *m, const uint64_t *keys, void *const *model) {
  size_t count = 0;
  for (size_t i = 0; i < KEYS; i++) {
    assert_ptr_equal(trp_map_get(m, keys[i]), model[i]);
    count += model[i] != NULL;
  }
  assert_int_equal(trp_map_count(m), count);

  size_t pos = 0, walked = 0;
  uint64_t key = 0;
  void *value = NULL;
  while (trp_map_next(m, &pos, &key, &value)) {
    assert_ptr_equal(trp_map_get(m, key), value);
    walked++;
  }
  assert_int_equal(walked, count);
}

static void the_map_agrees_with_a_naive_model(void **state) {
  (void)state;
  uint64_t keys[KEYS];
  void *model[KEYS] = {NULL};
  trp_rand r;
  trp_map m;
  trp_rand_init(&r, test_seed());
  trp_map_init(&m, NULL);
  /* Small numbers, numbers that differ only in their high half, and random ones. The low bits make
   * them distinct. */
  for (size_t i = 0; i < KEYS; i++) {
    keys[i] = i % 3 == 0 ? i : i % 3 == 1 ? (uint64_t)i << 32 : (trp_rand_next(&r) << 12) | i;
  }
  for (int step = 0; step < STEPS; step++) {
    /* Phases of growth and of shrinking, so that the table is seen at every load. */
    bool put = trp_rand_below(&r, 100) < (step / 5000 % 2 ? 30U : 70U);
    size_t i = (size_t)trp_rand_below(&r, KEYS);
    if (put) {
      void *value = &values[trp_rand_below(&r, KEYS)];
      assert_int_equal(trp_map_put(&m, keys[i], value), 0);
      model[i] = value;
    } else {
      assert_ptr_equal(trp_map_del(&m, keys[i]), model[i]);
      model[i] = NULL;
    }
    if (step % 50 == 0) expect_same(&m, keys, model);
  }
  expect_same(&m, keys, model);
  trp_map_fini(&m);
}

static void a_failed_put_leaves_the_map_as_it_was(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    faulty f;
    trp_map m;
    int err = 0;
    size_t in = 0;
    faulty_init(&f, n);
    trp_map_init(&m, &f.allocator);
    for (; in < KEYS; in++) {
      err = trp_map_put(&m, in, &values[in]);
      if (err) break;
    }
    if (err) {
      assert_int_equal(err, -ENOMEM);
      assert_null(trp_map_get(&m, in));
    }
    assert_int_equal(trp_map_count(&m), in);
    for (size_t i = 0; i < in; i++)
      assert_ptr_equal(trp_map_get(&m, i), &values[i]);
    trp_map_fini(&m);
    faulty_check(&f);
    if (err == 0 && f.calls < n) break;
  }
}

static void after_reserve_puts_do_not_allocate(void **state) {
  (void)state;
  faulty f;
  trp_map m;
  faulty_init(&f, 2);
  trp_map_init(&m, &f.allocator);
  assert_int_equal(trp_map_reserve(&m, KEYS), 0);
  for (size_t i = 0; i < KEYS; i++)
    assert_int_equal(trp_map_put(&m, i, &values[i]), 0);
  assert_int_equal(trp_map_reserve(&m, SIZE_MAX), -ENOMEM);
  assert_int_equal(trp_map_reserve(&m, SIZE_MAX / 64), -ENOMEM);
  trp_map_fini(&m);
  faulty_check(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_map_answers),
      cmocka_unit_test(put_adds_and_replaces),
      cmocka_unit_test(the_map_agrees_with_a_naive_model),
      cmocka_unit_test(a_failed_put_leaves_the_map_as_it_was),
      cmocka_unit_test(after_reserve_puts_do_not_allocate),
  };
  return run_tests(tests);
}
