#include "actors/parking.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actors/base/clock.h"

#define SEARCHER TRP_PARKING_SEARCHER

static uint32_t asleep(uint32_t state) { return state % SEARCHER; }
static uint32_t searching(uint32_t state) { return state / SEARCHER; }

void trp_parking_init(trp_parking *p) {
  atomic_init(&p->state, 0);
  atomic_init(&p->tokens, 0);
  atomic_init(&p->kept_ns, UINT64_MAX);
}

/* ---- waking -------------------------------------------------------------------------------- */

static void grant(trp_parking *p, uint32_t n) {
  /* release: pairs with the acquire in take_token; the woken sees what it was woken for */
  atomic_fetch_add_explicit(&p->tokens, n, memory_order_release);
  (void)syscall(SYS_futex, &p->tokens, FUTEX_WAKE_PRIVATE, (int)n, NULL, NULL, 0);
}

bool trp_parking_wake(trp_parking *p) {
  uint32_t old = atomic_load_explicit(&p->state, memory_order_seq_cst);
  do {
    if (searching(old) || !asleep(old)) return false;
  } while (!atomic_compare_exchange_weak_explicit(&p->state, &old, old - 1 + SEARCHER,
                                                  memory_order_seq_cst, memory_order_seq_cst));
  grant(p, 1);
  return true;
}

void trp_parking_wake_all(trp_parking *p) {
  uint32_t old = atomic_load_explicit(&p->state, memory_order_seq_cst);
  uint32_t n;
  do {
    n = asleep(old);
  } while (!atomic_compare_exchange_weak_explicit(&p->state, &old, old - n + n * SEARCHER,
                                                  memory_order_seq_cst, memory_order_seq_cst));
  if (n) grant(p, n);
}

/* ---- sleeping ------------------------------------------------------------------------------ */

bool trp_parking_search(trp_parking *p) {
  uint32_t old = atomic_fetch_add_explicit(&p->state, SEARCHER, memory_order_seq_cst);
  return searching(old) == 0;
}

bool trp_parking_found(trp_parking *p) {
  uint32_t old = atomic_fetch_sub_explicit(&p->state, SEARCHER, memory_order_seq_cst);
  return searching(old) == 1;
}

void trp_parking_enter(trp_parking *p) {
  atomic_fetch_sub_explicit(&p->state, SEARCHER - 1, memory_order_seq_cst);
}

static bool take_token(trp_parking *p) {
  uint32_t n = atomic_load_explicit(&p->tokens, memory_order_relaxed);
  do {
    if (n == 0) return false;
    /* acquire: pairs with the release in grant */
  } while (!atomic_compare_exchange_weak_explicit(&p->tokens, &n, n - 1, memory_order_acquire,
                                                  memory_order_relaxed));
  return true;
}

/* One wait; it may end for no reason. False: the time has come. */
static bool wait(trp_parking *p, uint64_t until_ns) {
  struct timespec until = {.tv_sec = (time_t)(until_ns / TRP_NS_PER_S),
                           .tv_nsec = (long)(until_ns % TRP_NS_PER_S)};
  long rc = syscall(SYS_futex, &p->tokens, FUTEX_WAIT_BITSET_PRIVATE, 0,
                    until_ns == UINT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
  return rc == 0 || errno != ETIMEDOUT;
}

void trp_parking_sleep(trp_parking *p, uint64_t until_ns) {
  while (!take_token(p)) {
    if (wait(p, until_ns)) continue;
    trp_parking_leave(p);
    return;
  }
}

void trp_parking_leave(trp_parking *p) {
  uint32_t old = atomic_load_explicit(&p->state, memory_order_seq_cst);
  do {
    if (asleep(old) == 0) { /* somebody was about to wake us: its token comes at once */
      while (!take_token(p))
        (void)wait(p, UINT64_MAX);
      return;
    }
  } while (!atomic_compare_exchange_weak_explicit(&p->state, &old, old - 1 + SEARCHER,
                                                  memory_order_seq_cst, memory_order_seq_cst));
}

/* ---- the time ------------------------------------------------------------------------------ */

bool trp_parking_keep(trp_parking *p, uint64_t next_ns) {
  uint64_t kept = atomic_load_explicit(&p->kept_ns, memory_order_relaxed);
  do {
    if (next_ns >= kept) return false;
    /* relaxed, here and below: it orders nothing; who reads an old value is still awake itself */
  } while (!atomic_compare_exchange_weak_explicit(&p->kept_ns, &kept, next_ns, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

void trp_parking_kept(trp_parking *p, uint64_t next_ns) {
  atomic_compare_exchange_strong_explicit(&p->kept_ns, &next_ns, UINT64_MAX, memory_order_relaxed,
                                          memory_order_relaxed);
}
