/* The memory of one system, bounded as a whole, so that the kernel's out-of-memory killer is met by
 * nothing that a script can do.
 *
 * The system's allocator counts: every block of the kernel, the tools and the scripting layer,
 * messages and queued tool results included, is charged before it is taken, and a block that would
 * go over the limit is not there: the paths for a lack of memory take over. Memory that does not
 * come from the allocator (mappings, foreign libraries) is charged with trp_memory_take.
 *
 * The last part of the limit is not for everybody. A hog is to be refused while what runs can
 * still answer, end in order and be restarted:
 *
 *   up to 7/8     new actors and new messages
 *   up to 15/16   chunks and large blocks of heaps
 *   up to all     the kernel itself: replies, notices, ledgers
 *
 * A worker keeps up to 128 KiB that it has charged in advance, and small blocks (magazine.h), so
 * that a message costs no shared cache line. What waits there counts as used; when the limit is met
 * it is given up first.
 *
 * Thread: any, but for the cache. */
#ifndef TRP_ACTORS_MEMORY_H
#define TRP_ACTORS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/types.h>

#include "actors/base/account.h"
#include "actors/magazine.h"

typedef struct trp_memory {
  troupe_allocator host; /* where blocks really come from; does not count */
  trp_account all;
  _Atomic uint64_t *refused; /* counts what was not to be had; or NULL */
  _Atomic uint64_t freed;    /* bytes given back since the last trim */
  trp_depot depot;
} trp_memory;

/* A worker's. Its thread only. */
typedef struct trp_memory_cache {
  trp_memory *of;
  uint64_t free; /* charged and not taken yet */
  trp_magazines magazines;
} trp_memory_cache;

/*   limit_bytes  0: three quarters of what the machine lets this process have
 *   refused      a counter, or NULL */
void trp_memory_init(trp_memory *m, const troupe_allocator *host, uint64_t limit_bytes,
                     _Atomic uint64_t *refused);
void trp_memory_fini(trp_memory *m); /* every cache is closed */

/* The allocator that counts; it borrows m. */
troupe_allocator trp_memory_allocator(trp_memory *m);

/* Charges bytes that the allocator does not give; false: over the limit. */
bool trp_memory_take(trp_memory *m, size_t bytes);
void trp_memory_give(trp_memory *m, size_t bytes);

/* Gives what the C library keeps of freed blocks back to the operating system, when enough has been
 * freed since the last time to be worth it: 1 MiB and an eighth of what is in use. After the end of
 * a heap, which has been interleaved with others in the library's own heaps. Does nothing when the
 * host has an allocator of its own. */
void trp_memory_trim(trp_memory *m);

/* From here on, until close, the calling thread charges in advance. */
void trp_memory_cache_open(trp_memory_cache *c, trp_memory *m);
void trp_memory_cache_close(trp_memory_cache *c);

/* Counts something that there was no room for. */
static inline void trp_memory_count_refusal(trp_memory *m) {
  if (m->refused) atomic_fetch_add_explicit(m->refused, 1, memory_order_relaxed);
}

/* Who is refused first. The value is the part of the limit that is left to the others: 1/value. */
typedef enum trp_memory_user { TRP_MEMORY_NEW = 8, TRP_MEMORY_HEAP = 16 } trp_memory_user;

/* Whether there is room for that many bytes more, as it looks now. What waits in the depot is not
 * in the way: it is given up when the limit itself is met. */
static inline bool trp_memory_has_room(const trp_memory *m, trp_memory_user who, size_t bytes) {
  uint64_t most = m->all.limit - m->all.limit / who, used = trp_account_used(&m->all);
  uint64_t kept = atomic_load_explicit(&m->depot.bytes, memory_order_relaxed);
  used = used > kept ? used - kept : 0;
  return used <= most && bytes <= most - used;
}

#endif
