#include "tests/test.h"

#include "actors/base/mem.h"

static void the_default_allocator_allocates_resizes_and_frees(void **state) {
  (void)state;
  char *p = trp_alloc(NULL, 4);
  assert_non_null(p);
  memset(p, 'a', 4);
  p = trp_realloc(trp_mem_default(), p, 4, 4000);
  assert_non_null(p);
  assert_memory_equal(p, "aaaa", 4);
  trp_free(NULL, p, 4000);
  trp_free(NULL, NULL, 0);
}

/* The default allocator makes mappings of large blocks: contents survive each way over the border.
 */
static void contents_survive_growing_and_shrinking(void **state) {
  (void)state;
  static const size_t sizes[] = {100, 131071, 131072, 5000000, 200000, 131072, 131071, 300000, 10};
  size_t old = 0;
  unsigned char *p = NULL;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    size_t now = sizes[i], kept = old < now ? old : now;
    p = trp_realloc(NULL, p, old, now);
    assert_non_null(p);
    for (size_t at = 0; at < kept; at += 997)
      assert_int_equal(p[at], at % 251);
    for (size_t at = 0; at < now; at++)
      p[at] = (unsigned char)(at % 251);
    old = now;
  }
  trp_free(NULL, p, old);
  p = trp_zalloc(NULL, 200000);
  assert_non_null(p);
  assert_int_equal(p[0] | p[199999], 0);
  trp_free(NULL, p, 200000);
}

static void blocks_are_zeroed_on_request_and_sizes_are_kept(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 0);
  unsigned char *p = trp_zalloc(&f.allocator, 100);
  assert_non_null(p);
  for (int i = 0; i < 100; i++)
    assert_int_equal(p[i], 0);
  assert_int_equal(f.live_blocks, 1);
  assert_int_equal(f.live_bytes, 100);
  p = trp_realloc(&f.allocator, p, 100, 10);
  assert_non_null(p);
  assert_int_equal(f.live_bytes, 10);
  trp_free(&f.allocator, p, 10);
  faulty_check(&f);
}

static void a_copied_string_ends_in_nul(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 0);
  char *s = trp_strndup(&f.allocator, "hello world", 5);
  assert_string_equal(s, "hello");
  trp_free(&f.allocator, s, 6);
  s = trp_strndup(&f.allocator, NULL, 0);
  assert_string_equal(s, "");
  trp_free(&f.allocator, s, 1);
  faulty_check(&f);
}

static void a_failed_call_returns_null_and_keeps_the_block(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 2);
  char *p = trp_alloc(&f.allocator, 1);
  assert_non_null(p);
  *p = 'x';
  assert_null(trp_realloc(&f.allocator, p, 1, 2));
  assert_int_equal(*p, 'x');
  trp_free(&f.allocator, p, 1);
  faulty_check(&f);

  faulty_init(&f, 1);
  assert_null(trp_zalloc(&f.allocator, 8));
  faulty_init(&f, 1);
  assert_null(trp_strndup(&f.allocator, "x", 1));
  faulty_check(&f);
}

static void the_faulty_allocator_notices_a_wrong_size(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 0);
  void *p = trp_alloc(&f.allocator, 8);
  trp_free(&f.allocator, p, 9);
  assert_int_equal(f.mismatches, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_default_allocator_allocates_resizes_and_frees),
      cmocka_unit_test(contents_survive_growing_and_shrinking),
      cmocka_unit_test(blocks_are_zeroed_on_request_and_sizes_are_kept),
      cmocka_unit_test(a_copied_string_ends_in_nul),
      cmocka_unit_test(a_failed_call_returns_null_and_keeps_the_block),
      cmocka_unit_test(the_faulty_allocator_notices_a_wrong_size),
  };
  return run_tests(tests);
}
