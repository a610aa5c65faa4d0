/* Monotonic, virtual and wall time. */
#include "actors/base/clock.h"

#include <stdatomic.h>
#include <time.h>

uint64_t trp_clock_ns(const trp_clock *clock) { return clock->now_ns(clock->ctx); }

uint64_t trp_clock_ms(const trp_clock *clock) { return trp_clock_ns(clock) / TRP_NS_PER_MS; }

static uint64_t monotonic_ns(void *ctx) {
  (void)ctx;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail: the clock exists and t is ours */
  return (uint64_t)t.tv_sec * TRP_NS_PER_S + (uint64_t)t.tv_nsec;
}

trp_clock trp_clock_monotonic(void) { return (trp_clock){.now_ns = monotonic_ns, .ctx = NULL}; }

static uint64_t virtual_ns(void *ctx) {
  trp_virtual_clock *vc = ctx;
  /* acquire: pairs with the release in advance(); what was done before the time moved is visible
   * after it */
  return atomic_load_explicit(&vc->ns, memory_order_acquire);
}

trp_clock trp_clock_virtual(trp_virtual_clock *vc) {
  return (trp_clock){.now_ns = virtual_ns, .ctx = vc};
}

void trp_virtual_clock_advance(trp_virtual_clock *vc, uint64_t ns) {
  /* release: pairs with the acquire in virtual_ns() */
  atomic_fetch_add_explicit(&vc->ns, ns, memory_order_release);
}

int64_t trp_wall_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t); /* cannot fail, as above */
  return (int64_t)t.tv_sec * 1000 + (int64_t)t.tv_nsec / 1000000;
}
