/* The heap of one Lua state.
 *
 * Small blocks (up to 512 bytes) are cells cut from chunks, in size classes of 16 bytes; a larger
 * block stands alone, from 128 KiB on in a mapping of its own that grows by mremap. Chunks and
 * large blocks hang on two lists, so the heap of an actor that was left is freed in bulk without
 * looking at Lua.
 *
 * The limit is on held + external: the bytes of chunks and large blocks held (not of live blocks),
 * and bytes that others keep on the actor's behalf (trp_arena_charge). Crossing it leaves the actor
 * with TROUPE_EXIT_MEMORY_LIMIT before anything is taken, and so do an account above it that is
 * full, the system's memory when it is used up, and a machine without memory. Lua never sees NULL,
 * runs no emergency collection, and no pcall notices. Only while the frame is not in the actor (a
 * state created outside of a slice) is NULL returned: there is nothing to leave. Shrinking never
 * leaves, never fails and never takes memory.
 *
 * The soft limit asks for a collection early enough that a healthy actor never meets the hard one:
 * at 3/4 of the limit, then always half-way from what is in use after the collection, but at least
 * 1/256 of the limit later. The same rule is applied to the account above and to the system's
 * memory.
 *
 * The fast path touches plain memory only and may be left anywhere, since an arena that was left is
 * only dropped. Whatever takes or gives memory is a native half.
 *
 * Thread: owner. */
#ifndef TRP_SCRIPTING_ARENA_H
#define TRP_SCRIPTING_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/types.h>

#include "actors/base/account.h"
#include "actors/base/list.h"
#include "actors/frame.h"
#include "actors/memory.h"
#include "scripting/overrun.h"

enum {
  TRP_ARENA_CELL = 16,         /* cell sizes are multiples of it */
  TRP_ARENA_SMALL = 512,       /* the largest cell */
  TRP_ARENA_MAP = 128 * 1024,  /* blocks of at least this size, header included, are mappings */
  TRP_ARENA_CHUNK = 64 * 1024, /* the largest chunk */
  TRP_ARENA_CLASSES = TRP_ARENA_SMALL / TRP_ARENA_CELL
};

/* What has no room left. */
typedef enum trp_arena_bound {
  TRP_ARENA_LIMIT,   /* the arena's own */
  TRP_ARENA_ACCOUNT, /* the subtree's */
  TRP_ARENA_SYSTEM,  /* the system's memory */
  TRP_ARENA_MACHINE  /* the allocator or the kernel of the operating system */
} trp_arena_bound;

/* Must not move in memory between init and drop. */
typedef struct trp_arena {
  const troupe_allocator *al;
  trp_frame *frame;                             /* of the current slice */
  uint8_t *bump, *bump_end;                     /* the uncut rest of the newest chunk */
  struct trp_cell *free[TRP_ARENA_CLASSES + 1]; /* by class: size / 16; free[0] is unused */
  trp_list chunks, large;
  size_t held, external; /* bytes; see above */
  size_t unaccounted;    /* of these, what the account has refused */
  size_t peak;           /* the highest held + external so far */
  size_t limit;          /* on held + external */
  bool closed;           /* frees do nothing any more */
  size_t page;

  trp_account *account; /* of the subtree, charged with held + external; or NULL */
  trp_memory *memory;   /* of the system, charged with mappings; or NULL */

  /* Where the next collection is asked for: held + external, and the same of the account and of the
   * system's memory. */
  size_t soft;
  uint64_t account_soft, memory_soft;
  bool soft_hit; /* since the last trp_arena_rearm */
  /* Called once when soft_hit becomes true, wherever memory is being taken, also in a native half:
   * it may set flags and hooks, nothing else. NULL: nobody is told. */
  void (*on_soft)(struct trp_arena *a);

  trp_arena_bound refused_by; /* why the last refused request was refused, */
  size_t refused;             /* and how many bytes more it asked for */
  char why[TRP_OVERRUN_TEXT]; /* the same as a sentence, once the actor is left for it */
} trp_arena;

/* Takes no memory.
 *   al           borrowed for the arena's life; NULL: the default allocator
 *   limit_bytes  0: none
 *   account      what the subtree may hold; NULL: no bound. Outlives the arena
 *   memory       the system's, in which `al` counts; NULL: no bound. Outlives the arena */
void trp_arena_init(trp_arena *a, const troupe_allocator *al, size_t limit_bytes,
                    trp_account *account, trp_memory *memory);

/* Names the frame of the slice that begins; never NULL while Lua runs on this arena. */
static inline void trp_arena_set_frame(trp_arena *a, trp_frame *frame) { a->frame = frame; }

/* Frees everything at once and can be called again. Blocks are gone without any finalizer.
 * `peak` stays readable; what was charged and not yet uncharged is forgotten. Outside of the frame,
 * where no slice of this actor runs. */
void trp_arena_drop(trp_arena *a);

/* From now on what is freed is not given back, until the drop: Lua is about to free its state. */
void trp_arena_close(trp_arena *a);

/* A lua_Alloc; ud is the trp_arena. Blocks are aligned to 16 bytes. May leave the actor. */
void *trp_arena_alloc(void *ud, void *ptr, size_t osize, size_t nsize);

/* Counts bytes kept for the actor outside of its heap; to be called before they are taken. Over the
 * limit it leaves the actor: at once, or at the end of the open native half. Outside of the frame
 * it only counts. Each charge is matched by one uncharge, or by the drop. */
void trp_arena_charge(trp_arena *a, size_t bytes);
void trp_arena_uncharge(trp_arena *a, size_t bytes);

/* After the collection that soft_hit asked for: clears it, and puts each soft threshold half-way
 * between what is in use now and the limit, but not below 3/4 of the limit. */
void trp_arena_rearm(trp_arena *a);

/* Gives chunks without any live cell back; for the time after a full collection, as it costs one
 * pass over the free cells. Returns the bytes given back. */
size_t trp_arena_trim(trp_arena *a);

/* Whether what is in use is over one of the soft thresholds. */
bool trp_arena_over_soft(const trp_arena *a);

/* What the limit is on. */
static inline size_t trp_arena_used(const trp_arena *a) { return a->held + a->external; }

/* Whether that many bytes more stay within the limit. */
static inline bool trp_arena_fits(const trp_arena *a, size_t extra) {
  size_t used = trp_arena_used(a);
  return used <= a->limit && extra <= a->limit - used;
}

/* The same within the bounds that are shared with others too; they may take it first. */
bool trp_arena_has_room(const trp_arena *a, size_t extra);

#endif
