/* A sliding restart budget: at most `max_restarts` restarts in any `window_ms` milliseconds.
 *
 * A supervisor asks it before every restart of a child that had been running; a group restart asks
 * once, not once per sibling. Pure apart from one allocation in init: no clock, no lock.
 *
 * An entry expires at age >= window_ms. OTP counts whole seconds and compares inclusively, so one
 * crash every 1.1 s exceeds its budget of 1 in 1 s; here it does not. The window slides: a tumbling
 * one lets twice the limit through at its edge.
 *
 *   I1  count <= max_restarts
 *   I2  the times in the ring never fall, from the oldest to the newest
 *
 * Thread: owner of the budget.
 */
#ifndef TRP_SUPERVISION_BUDGET_H
#define TRP_SUPERVISION_BUDGET_H

#include <troupe/types.h>

#include <stdbool.h>
#include <stdint.h>

#define TRP_BUDGET_MAX_RESTARTS 3u  /* what a spec that names no limit gets */
#define TRP_BUDGET_WINDOW_MS 60000u /* and its window */
#define TRP_BUDGET_RESTARTS_MAX                                                                    \
  1000000u /* the largest limit; costs 8 bytes each, taken at init                                 \
            */

typedef struct trp_budget {
  const troupe_allocator *allocator;
  uint64_t *times;       /* ring of max_restarts times; NULL when max_restarts is 0 */
  uint64_t window_ms;    /* T */
  uint32_t max_restarts; /* R; 0 gives up on the first */
  uint32_t oldest;       /* index of the oldest time in the ring */
  uint32_t count;        /* times in the ring, expired ones included */
} trp_budget;

/* Prepares an empty budget. Borrows the allocator until fini; NULL is the default one.
 *
 * Returns  0, or
 *          TROUPE_E_INVALID    window_ms is 0, or max_restarts is over TRP_BUDGET_RESTARTS_MAX
 *          TROUPE_E_NO_MEMORY
 * After an error `b` is empty: fini is allowed, and allow() says no.
 */
int trp_budget_init(trp_budget *b, const troupe_allocator *allocator, uint32_t max_restarts,
                    uint64_t window_ms);

/* Gives the ring back. A zeroed budget is allowed. */
void trp_budget_fini(trp_budget *b);

/* May a restart happen at now_ms? Yes records it; no leaves the budget as it was. O(1). A `now_ms`
 * before the newest entry counts as the time of that entry. */
bool trp_budget_allow(trp_budget *b, uint64_t now_ms);

/* Restarts inside the window that ends at now_ms. O(log max_restarts), changes nothing. */
uint32_t trp_budget_used(const trp_budget *b, uint64_t now_ms);

/* Asserts I1 and I2; O(max_restarts), for tests. */
void trp_budget_check(const trp_budget *b);

#endif
