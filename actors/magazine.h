/* Small blocks that wait to be used again: a magazine for each size and worker, and a depot for the
 * system (Bonwick and Adams, "Magazines and Vmem", 2001).
 *
 * A worker that takes and gives touches only its own lists; when it runs out, or over, it exchanges
 * a whole magazine with the depot, under a lock. So a block that one worker makes and another
 * frees, as with every message between them, costs neither of them an atomic operation. The depot
 * is bounded: what a burst leaves over goes back to the host's allocator.
 *
 * Sizes are rounded up to 16 bytes. The address sanitizer is to see every block and its end: there
 * nothing is kept or rounded. */
#ifndef TRP_ACTORS_MAGAZINE_H
#define TRP_ACTORS_MAGAZINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRP_MAGAZINE_MOST_BYTES 512 /* larger blocks are not kept */
#define TRP_MAGAZINE_SIZES (TRP_MAGAZINE_MOST_BYTES / 16)
#define TRP_DEPOT_BYTES ((size_t)256 * 1024) /* of all sizes together */

#if defined(__SANITIZE_ADDRESS__)
#  define TRP_KEEPS_BLOCKS 0
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define TRP_KEEPS_BLOCKS 0
#  endif
#endif
#ifndef TRP_KEEPS_BLOCKS
#  define TRP_KEEPS_BLOCKS 1
#endif

typedef struct trp_block { /* what a block is while it waits */
  struct trp_block *next;
  struct trp_block *next_magazine; /* first block of one in the depot */
} trp_block;

typedef struct trp_magazine {
  trp_block *blocks;
  uint32_t count;
} trp_magazine;

typedef struct trp_magazines { /* a worker's; its thread only */
  trp_magazine now[TRP_MAGAZINE_SIZES], spare[TRP_MAGAZINE_SIZES];
} trp_magazines;

typedef struct trp_depot { /* a system's */
  pthread_mutex_t lock;    /* a leaf */
  _Atomic uint64_t bytes;  /* of all blocks in it; written under the lock */
  trp_block *full[TRP_MAGAZINE_SIZES];
} trp_depot;

void trp_depot_init(trp_depot *d);
void trp_depot_fini(trp_depot *d); /* must be empty */

/* What a block of this size really takes. */
static inline size_t trp_magazine_rounded(size_t size) {
  return TRP_KEEPS_BLOCKS && size <= TRP_MAGAZINE_MOST_BYTES ? (size + 15) & ~(size_t)15 : size;
}
/* Whether a block of this (rounded) size is one to keep. */
static inline bool trp_magazine_keeps(size_t size) {
  return TRP_KEEPS_BLOCKS && size <= TRP_MAGAZINE_MOST_BYTES;
}

/* A block of a rounded size, or NULL: none is kept. */
void *trp_magazine_take(trp_magazines *m, trp_depot *d, size_t size);

/* Keeps a block. Returns a list of blocks of that size that are too many, for the caller to free;
 * usually NULL. */
trp_block *trp_magazine_give(trp_magazines *m, trp_depot *d, void *p, size_t size);

/* Takes everything out, a list of blocks of one size at a time; NULL at the end. m or d may be
 * NULL.
 */
trp_block *trp_magazine_drain(trp_magazines *m, trp_depot *d, size_t *size);

#endif
