/* What an actor and everything it spawned share: one node for each script, in a chain up to the
 * topmost one. What is taken in a node is taken in every node above, or nowhere.
 *
 * Thread: any. */
#ifndef TRP_SCRIPTING_QUOTA_H
#define TRP_SCRIPTING_QUOTA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <troupe/types.h>

#include "actors/base/account.h"
#include "actors/throttle.h"

typedef struct trp_quota {
  _Atomic uint32_t refs;
  _Atomic uint32_t spawned; /* actors below this one that still exist */
  uint32_t spawn_limit;
  trp_account memory;     /* of the subtree, when it has a limit narrower than those above */
  trp_account *bound;     /* `memory`, or the nearest one above that has a limit, or NULL */
  trp_throttle cpu;       /* the same for processor time */
  trp_throttle *throttle; /* `cpu`, or the nearest one above, or NULL */
  const troupe_allocator *al;
  struct trp_quota *parent; /* holds a reference, or NULL */
} trp_quota;

/* A node below `parent`, of which it takes a reference; NULL: at the top.
 *   al            borrowed for the node's life
 *   memory_bytes  what heaps and what is kept for them may take in the subtree; UINT64_MAX: no
 * bound
 *   cpu_ms_per_s  the same of processor time in each second
 * NULL when there is no memory. */
trp_quota *trp_quota_new(const troupe_allocator *al, uint32_t spawn_limit, uint64_t memory_bytes,
                         uint64_t cpu_ms_per_s, trp_quota *parent);
void trp_quota_unref(trp_quota *q); /* NULL is fine */

/* Takes one actor from q and from everyone above; false: one of them has none left. */
bool trp_quota_take_spawn(trp_quota *q);
void trp_quota_give_spawn(trp_quota *q);

#endif
