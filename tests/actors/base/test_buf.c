#include "tests/test.h"

#include <errno.h>

#include <troupe/error.h>

#include "actors/base/buf.h"
#include "actors/base/mem.h"

static void it_grows_up_to_its_limit_and_not_over_it(void **state) {
  (void)state;
  faulty f;
  trp_buf b;
  faulty_init(&f, 0);
  trp_buf_init(&b, &f.allocator, 1000);
  for (int i = 0; i < 1000; i++) {
    uint8_t byte = (uint8_t)i;
    assert_int_equal(trp_buf_append(&b, &byte, 1), 0);
    assert_true(b.cap <= 1000);
  }
  assert_int_equal(trp_buf_append(&b, "x", 1), TROUPE_E_TOO_BIG);
  assert_int_equal(trp_buf_append(&b, "x", SIZE_MAX), TROUPE_E_TOO_BIG);
  assert_int_equal(trp_buf_append(&b, NULL, 0), 0);
  assert_null(trp_buf_reserve(&b, 1));
  assert_int_equal(b.len, 1000);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(b.data[i], (uint8_t)i);
  trp_buf_fini(&b);
  faulty_check(&f);
}

static void a_small_limit_is_kept_too(void **state) {
  (void)state;
  trp_buf b;
  trp_buf_init(&b, NULL, 3);
  assert_int_equal(trp_buf_append(&b, "abcd", 4), TROUPE_E_TOO_BIG);
  assert_int_equal(trp_buf_append(&b, "abc", 3), 0);
  assert_int_equal(b.cap, 3);
  trp_buf_fini(&b);
}

static void reserved_room_counts_after_commit(void **state) {
  (void)state;
  trp_buf b;
  trp_buf_init(&b, NULL, 100);
  uint8_t *p = trp_buf_reserve(&b, 10);
  assert_non_null(p);
  memset(p, '-', 5);
  assert_int_equal(b.len, 0);
  trp_buf_commit(&b, 5);
  assert_int_equal(trp_buf_append(&b, "!", 1), 0);
  assert_int_equal(b.len, 6);
  assert_memory_equal(b.data, "-----!", 6);
  trp_buf_clear(&b);
  assert_int_equal(b.len, 0);
  assert_true(b.cap >= 10);
  trp_buf_fini(&b);
}

static void steal_gives_the_memory_away(void **state) {
  (void)state;
  faulty f;
  trp_buf b;
  size_t len = 1, cap = 1;
  faulty_init(&f, 0);
  trp_buf_init(&b, &f.allocator, 100);
  assert_null(trp_buf_steal(&b, &len, &cap));
  assert_int_equal(len, 0);
  assert_int_equal(cap, 0);
  assert_int_equal(trp_buf_append(&b, "abc", 3), 0);
  uint8_t *data = trp_buf_steal(&b, &len, &cap);
  assert_int_equal(len, 3);
  assert_memory_equal(data, "abc", 3);
  assert_int_equal(b.len, 0);
  assert_int_equal(trp_buf_append(&b, "d", 1), 0);
  trp_buf_fini(&b);
  trp_free(&f.allocator, data, cap);
  faulty_check(&f);
}

static void a_failed_append_leaves_the_buffer_as_it_was(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    faulty f;
    trp_buf b;
    int err = 0;
    size_t in = 0;
    faulty_init(&f, n);
    trp_buf_init(&b, &f.allocator, 5000);
    while (!err && in < 5000) {
      err = trp_buf_append(&b, "0123456789", 10);
      if (!err) in += 10;
    }
    if (err) assert_int_equal(err, -ENOMEM);
    assert_int_equal(b.len, in);
    for (size_t i = 0; i < in; i++)
      assert_int_equal(b.data[i], '0' + i % 10);
    trp_buf_fini(&b);
    faulty_check(&f);
    if (err == 0 && f.calls < n) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_grows_up_to_its_limit_and_not_over_it),
      cmocka_unit_test(a_small_limit_is_kept_too),
      cmocka_unit_test(reserved_room_counts_after_commit),
      cmocka_unit_test(steal_gives_the_memory_away),
      cmocka_unit_test(a_failed_append_leaves_the_buffer_as_it_was),
  };
  return run_tests(tests);
}
