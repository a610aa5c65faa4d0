/* What every unit test includes, and includes first: cmocka needs four headers before its own. */
#ifndef TRP_TESTS_TEST_H
#define TRP_TESTS_TEST_H

/* cmocka.h does not compile without these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <troupe/types.h>

/* The end of main: `return run_tests(tests);`. Replaces cmocka's deprecated macro of this name. */
#undef run_tests
#define run_tests(tests) cmocka_run_group_tests(tests, NULL, NULL)

/* An allocator that fails on demand and keeps account of what is alive. Thread: any.
 *
 * The calls that can fail are those that ask for more memory: new blocks and growing ones. Freeing
 * and shrinking never fail and are not counted in `calls`. Growing moves the block, so stale
 * pointers are found.
 *
 *   for (long n = 1;; n++) {
 *     faulty f;
 *     faulty_init(&f, n);
 *     int err = thing_open(&t, &f.allocator);
 *     if (err == 0) thing_close(t);
 *     faulty_check(&f);
 *     if (err == 0 && f.calls < n) break;   // the failure point lies past the last allocation
 *   }
 */
typedef struct faulty {
  long fail_at;              /* the call with this number fails, counted from 1; 0: none does */
  _Atomic long calls;        /* requests for more memory so far, the failed one included */
  _Atomic long live_blocks;  /* allocated and not yet freed */
  _Atomic size_t live_bytes; /* their requested sizes */
  _Atomic long mismatches;   /* calls whose old_size was not the size of the block */
  troupe_allocator allocator;
} faulty;

/* In front of every block; its size is a multiple of the strictest alignment. */
typedef union faulty_header {
  size_t size;
  max_align_t align;
} faulty_header;

static inline void *faulty_realloc(void *ctx, void *p, size_t old_size, size_t new_size) {
  faulty *f = ctx;
  faulty_header *old = p ? (faulty_header *)p - 1 : NULL;
  size_t real_size = old ? old->size : 0;
  if (real_size != old_size) f->mismatches++;

  faulty_header *block = NULL;
  if (new_size > 0) {
    bool more = new_size > real_size;
    if (more && ++f->calls == f->fail_at) return NULL;
    block = malloc(sizeof *block + new_size);
    if (!block) return NULL;
    block->size = new_size;
    if (old) memcpy(block + 1, p, more ? real_size : new_size);
    f->live_blocks++;
    f->live_bytes += new_size;
  }
  if (old) {
    f->live_blocks--;
    f->live_bytes -= real_size;
    free(old);
  }
  return block ? block + 1 : NULL;
}

/* The n-th request for more memory fails; 0: none. */
static inline void faulty_init(faulty *f, long n) {
  memset(f, 0, sizeof *f);
  f->fail_at = n;
  f->allocator = (troupe_allocator){.realloc = faulty_realloc, .ctx = f};
}

/* Fails the test unless everything was freed, each block with its right size. On the test thread
 * only. */
static inline void faulty_check(const faulty *f) {
  assert_int_equal(f->live_blocks, 0);
  assert_int_equal(f->live_bytes, 0);
  assert_int_equal(f->mismatches, 0);
}

/* A seed for a property test, printed so that a failure can be repeated with TROUPE_SEED=<seed>. */
static inline uint64_t test_seed(void) {
  const char *fixed =
      getenv("TROUPE_SEED"); /* NOLINT(concurrency-mt-unsafe): before any thread starts */
  uint64_t seed = 0;
  if (fixed) {
    seed = strtoull(fixed, NULL, 0);
  } else {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    seed = (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
  }
  print_message("TROUPE_SEED=%llu\n", (unsigned long long)seed);
  return seed;
}

#endif
