/* The sliding restart budget: a ring of the times of the last max_restarts restarts.
 *
 * A full ring answers everything by its oldest time: if that one has expired there is room, and the
 * new time takes its place; if not, all max_restarts of them lie in the window. Expired times
 * therefore need no sweep, and the cost does not depend on how many restarts the window holds.
 */
#include "supervision/budget.h"

#include "actors/base/assert.h"
#include "actors/base/mem.h"

#include <troupe/error.h>

#include <stddef.h>

/* The i-th time in the ring, the oldest first. */
static uint64_t time_at(const trp_budget *b, uint32_t i) {
  return b->times[((uint64_t)b->oldest + i) % b->max_restarts];
}

static bool expired(const trp_budget *b, uint64_t time_ms, uint64_t now_ms) {
  return now_ms > time_ms && now_ms - time_ms >= b->window_ms;
}

int trp_budget_init(trp_budget *b, const troupe_allocator *allocator, uint32_t max_restarts,
                    uint64_t window_ms) {
  *b = (trp_budget){0};
  if (window_ms == 0 || max_restarts > TRP_BUDGET_RESTARTS_MAX) return TROUPE_E_INVALID;
  b->allocator = allocator;
  b->window_ms = window_ms;
  if (max_restarts == 0) return TROUPE_OK;

  b->times = trp_alloc(allocator, max_restarts * sizeof *b->times);
  if (!b->times) return TROUPE_E_NO_MEMORY;
  b->max_restarts = max_restarts;
  return TROUPE_OK;
}

void trp_budget_fini(trp_budget *b) {
  if (b->times) trp_free(b->allocator, b->times, b->max_restarts * sizeof *b->times);
  *b = (trp_budget){0};
}

bool trp_budget_allow(trp_budget *b, uint64_t now_ms) {
  if (b->max_restarts == 0) return false;

  if (b->count > 0) {
    uint64_t newest = time_at(b, b->count - 1);
    if (now_ms < newest) now_ms = newest;
  }
  if (b->count == b->max_restarts) {
    if (!expired(b, time_at(b, 0), now_ms)) return false;
    b->oldest = b->oldest + 1 == b->max_restarts ? 0 : b->oldest + 1;
    b->count--;
  }
  b->times[((uint64_t)b->oldest + b->count) % b->max_restarts] = now_ms;
  b->count++;
  return true;
}

uint32_t trp_budget_used(const trp_budget *b, uint64_t now_ms) {
  uint32_t low = 0;
  uint32_t high = b->count;
  while (low < high) { /* the first entry that has not expired lies in [low, high] */
    uint32_t mid = low + (high - low) / 2;
    if (expired(b, time_at(b, mid), now_ms)) {
      low = mid + 1;
    } else {
      high = mid;
    }
  }
  return b->count - low;
}

void trp_budget_check(const trp_budget *b) {
  TRP_ASSERT(b->count <= b->max_restarts);
  for (uint32_t i = 1; i < b->count; i++)
    TRP_ASSERT(time_at(b, i - 1) <= time_at(b, i));
}
