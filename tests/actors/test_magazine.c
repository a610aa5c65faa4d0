/* Small blocks that wait to be used again. */
#include "tests/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "actors/base/mem.h"
#include "actors/base/rand.h"
#include "actors/memory.h"

#define MIB ((size_t)1 << 20)

typedef struct bench { /* a memory with a worker's cache on this thread */
  trp_memory m;
  trp_memory_cache c;
  troupe_allocator al;
} bench;

static void open(bench *b, const troupe_allocator *host, uint64_t limit) {
  trp_memory_init(&b->m, host, limit, NULL);
  b->al = trp_memory_allocator(&b->m);
  trp_memory_cache_open(&b->c, &b->m);
}
static void close(bench *b) {
  trp_memory_cache_close(&b->c);
  trp_memory_fini(&b->m);
  assert_int_equal(trp_account_used(&b->m.all), 0);
}

static void a_freed_block_is_the_next_of_its_size(void **state) {
  (void)state;
  if (!TRP_KEEPS_BLOCKS) skip();
  bench b;
  faulty f;
  faulty_init(&f, 0);
  open(&b, &f.allocator, MIB);
  void *p = trp_alloc(&b.al, 100);
  trp_free(&b.al, p, 100);
  long calls = f.calls;
  void *other = trp_alloc(&b.al, 113); /* 128 bytes; the first has 112 */
  assert_ptr_not_equal(other, p);
  assert_ptr_equal(trp_alloc(&b.al, 97), p);
  assert_int_equal(f.calls, calls + 1);
  trp_free(&b.al, p, 97);
  trp_free(&b.al, other, 113);
  close(&b);
  faulty_check(&f);
}

static void blocks_grow_and_shrink_within_their_size(void **state) {
  (void)state;
  bench b;
  const size_t most = (size_t)2 * TRP_MAGAZINE_MOST_BYTES;
  open(&b, NULL, MIB);
  for (size_t from = 1; from < most; from += 37) {
    for (size_t to = 1; to < most; to += 41) {
      unsigned char *p = trp_alloc(&b.al, from);
      memset(p, 0x5a, from);
      p = trp_realloc(&b.al, p, from, to);
      for (size_t i = 0; i < (from < to ? from : to); i++)
        assert_int_equal(p[i], 0x5a);
      memset(p, 0xa5, to);
      trp_free(&b.al, p, to);
    }
  }
  close(&b);
}

static void what_a_burst_leaves_goes_back(void **state) {
  (void)state;
  enum { BLOCKS = 20000, SIZE = 240 };
  static void *block[BLOCKS];
  bench b;
  faulty f;
  faulty_init(&f, 0);
  open(&b, &f.allocator, 64 * MIB);
  for (int i = 0; i < BLOCKS; i++)
    block[i] = trp_alloc(&b.al, SIZE);
  for (int i = 0; i < BLOCKS; i++)
    trp_free(&b.al, block[i], SIZE);
  /* two magazines of 2 KiB and the depot's share, of five million bytes */
  assert_true((size_t)f.live_blocks * SIZE <= TRP_DEPOT_BYTES + (size_t)3 * 2048);
  close(&b);
  faulty_check(&f);
}

static void what_is_kept_is_given_up_before_anything_is_refused(void **state) {
  (void)state;
  enum { BLOCKS = 64 };
  const size_t SIZE = 256;
  void *block[BLOCKS];
  bench b;
  open(&b, NULL, BLOCKS * SIZE);
  for (int i = 0; i < BLOCKS; i++)
    assert_non_null(block[i] = trp_alloc(&b.al, SIZE));
  assert_null(trp_alloc(&b.al, 16));
  for (int i = 0; i < BLOCKS; i++)
    trp_free(&b.al, block[i], SIZE);
  void *all = trp_alloc(&b.al, BLOCKS * SIZE);
  assert_non_null(all);
  trp_free(&b.al, all, BLOCKS * SIZE);
  close(&b);
}

/* ---- between threads ----------------------------------------------------------------------- */

enum { RING = 512, HANDED = 200000 };
typedef struct pair { /* one thread makes, the other frees */
  trp_memory m;
  troupe_allocator al;
  _Atomic(uint64_t *) ring[RING];
  _Atomic unsigned wrong;
} pair;

static size_t size_of_nth(int n) { return 16 + (size_t)n % 61 * 8; }

static void *make(void *arg) {
  pair *p = arg;
  trp_memory_cache c;
  trp_memory_cache_open(&c, &p->m);
  for (int i = 0; i < HANDED; i++) {
    uint64_t *block = trp_alloc(&p->al, size_of_nth(i));
    if (!block) break;
    block[0] = (uint64_t)i;
    block[size_of_nth(i) / 8 - 1] = (uint64_t)i;
    while (atomic_load(&p->ring[i % RING])) { /* the other one is behind */
      sched_yield();
    }
    atomic_store(&p->ring[i % RING], block);
  }
  trp_memory_cache_close(&c);
  return NULL;
}

static void *unmake(void *arg) {
  pair *p = arg;
  trp_memory_cache c;
  trp_memory_cache_open(&c, &p->m);
  for (int i = 0; i < HANDED; i++) {
    uint64_t *block;
    while (!(block = atomic_exchange(&p->ring[i % RING], NULL)))
      sched_yield();
    size_t size = size_of_nth(i);
    if (block[0] != (uint64_t)i || block[size / 8 - 1] != (uint64_t)i)
      atomic_fetch_add(&p->wrong, 1);
    trp_free(&p->al, block, size);
  }
  trp_memory_cache_close(&c);
  return NULL;
}

static void blocks_go_from_one_thread_to_another(void **state) {
  (void)state;
  static pair p;
  pthread_t maker, unmaker;
  trp_memory_init(&p.m, NULL, 64 * MIB, NULL);
  p.al = trp_memory_allocator(&p.m);
  assert_int_equal(pthread_create(&maker, NULL, make, &p), 0);
  assert_int_equal(pthread_create(&unmaker, NULL, unmake, &p), 0);
  pthread_join(maker, NULL);
  pthread_join(unmaker, NULL);
  assert_int_equal(atomic_load(&p.wrong), 0);
  trp_memory_fini(&p.m);
  assert_int_equal(trp_account_used(&p.m.all), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_freed_block_is_the_next_of_its_size),
      cmocka_unit_test(blocks_grow_and_shrink_within_their_size),
      cmocka_unit_test(what_a_burst_leaves_goes_back),
      cmocka_unit_test(what_is_kept_is_given_up_before_anything_is_refused),
      cmocka_unit_test(blocks_go_from_one_thread_to_another),
  };
  return run_tests(tests);
}
