/* A bucket of processor time that fills at a constant rate and is paid afterwards: what has been
 * used is taken out, also when that is more than is in it, and then nobody has anything until it
 * has filled up to nothing again. So a bucket allows, over any time, no more than came in, what it
 * holds, and the last use.
 *
 *   B1  one number says it all: full_ns, the time at which it will be full; every use moves that on
 *   B2  those who wait stand in line: each is told to come when those before it will have used
 *       what is usual and that has come in again. So they take turns, and do not all come back for
 *       the same little. The line is a second long at most, then a second one begins beside it
 *
 * Pure: no clock, lock or allocation; the caller passes the time. */
#ifndef TRP_BASE_BUCKET_H
#define TRP_BASE_BUCKET_H

#include <stdint.h>

#define TRP_BUCKET_ROOM_NS UINT64_C(100000000) /* an empty one fills in a tenth of a second */

typedef struct trp_bucket {
  uint64_t ms_per_s; /* of processor time that comes in; at least 1 */
  uint64_t full_ns;
  uint64_t line_ns;  /* the last time that was given to one who waits */
  uint64_t usual_ns; /* of processor time in one use */
} trp_bucket;

/* A full one. */
void trp_bucket_init(trp_bucket *b, uint64_t ms_per_s);

/* Takes out what has been used by now. */
void trp_bucket_charge(trp_bucket *b, uint64_t used_ns, uint64_t now_ns);

/* 0: there is something to be used; otherwise when to ask again. */
uint64_t trp_bucket_wait(trp_bucket *b, uint64_t now_ns);

#endif
