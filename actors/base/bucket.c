#include "actors/base/bucket.h"

#include <stdbool.h>

#include "actors/base/assert.h"
#include "actors/base/clock.h"

#define USUAL_LEAST_NS UINT64_C(50000) /* so that at most so many come back in a second */

/* The time in which so much comes in; rounded up: never more than the rate. */
static uint64_t time_of(const trp_bucket *b, uint64_t used_ns) {
  return (used_ns * 1000 + b->ms_per_s - 1) / b->ms_per_s;
}

void trp_bucket_init(trp_bucket *b, uint64_t ms_per_s) {
  TRP_ASSERT(ms_per_s > 0);
  *b = (trp_bucket){.ms_per_s = ms_per_s, .usual_ns = USUAL_LEAST_NS};
}

void trp_bucket_charge(trp_bucket *b, uint64_t used_ns, uint64_t now_ns) {
  if (b->full_ns < now_ns) b->full_ns = now_ns;
  b->full_ns += time_of(b, used_ns);
  b->usual_ns = (7 * b->usual_ns + used_ns) / 8;
  if (b->usual_ns < USUAL_LEAST_NS) b->usual_ns = USUAL_LEAST_NS;
}

uint64_t trp_bucket_wait(trp_bucket *b, uint64_t now_ns) {
  if (b->full_ns <= now_ns + TRP_BUCKET_ROOM_NS) return 0;
  uint64_t ready_ns = b->full_ns - TRP_BUCKET_ROOM_NS;
  uint64_t next_ns = b->line_ns + time_of(b, b->usual_ns);
  bool in_line = next_ns > ready_ns && next_ns - ready_ns < TRP_NS_PER_S;
  b->line_ns = in_line ? next_ns : ready_ns;
  return b->line_ns;
}
