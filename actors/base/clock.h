/* Time as a parameter: everything that needs the time has a trp_clock, so that tests and replay can
 * set it. */
#ifndef TRP_BASE_CLOCK_H
#define TRP_BASE_CLOCK_H

#include <stdint.h>

#define TRP_NS_PER_US UINT64_C(1000)
#define TRP_NS_PER_MS UINT64_C(1000000)
#define TRP_NS_PER_S UINT64_C(1000000000)

/* Nanoseconds since an arbitrary start, never going back. Thread: any. */
typedef struct trp_clock {
  uint64_t (*now_ns)(void *ctx);
  void *ctx;
} trp_clock;

/* A clock that moves only when told to. Must outlive the trp_clock made from it. */
typedef struct trp_virtual_clock {
  _Atomic uint64_t ns;
} trp_virtual_clock;

uint64_t trp_clock_ns(const trp_clock *clock);

/* Whole milliseconds, rounded down. */
uint64_t trp_clock_ms(const trp_clock *clock);

/* CLOCK_MONOTONIC. */
trp_clock trp_clock_monotonic(void);

/* A clock that shows vc; borrows vc. */
trp_clock trp_clock_virtual(trp_virtual_clock *vc);

/* Thread: any. */
void trp_virtual_clock_advance(trp_virtual_clock *vc, uint64_t ns);

/* Milliseconds since 1970 UTC, for people and logs; it may jump, so nothing is ever scheduled by
 * it. Thread: any. */
int64_t trp_wall_ms(void);

#endif
