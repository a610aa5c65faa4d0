/* An intrusive binary min-heap of timers and other keyed things. Owns the array of pointers, never
 * the nodes. Smallest key first; equal keys in the order of `order` (a creation id), never by
 * address, so that a seed replays the same schedule. Insert, remove, update O(log n); min O(1).
 * Thread: whoever owns the heap. */
#ifndef TRP_BASE_HEAP_H
#define TRP_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include <troupe/types.h>

/* The index of a node that is in no heap. */
#define TRP_HEAP_OUTSIDE UINT32_MAX

typedef struct trp_heap_node {
  uint64_t key;
  uint64_t order;
  uint32_t index;
} trp_heap_node;

typedef struct trp_heap {
  const troupe_allocator *al;
  trp_heap_node **nodes;
  uint32_t len, cap;
} trp_heap;

static inline void trp_heap_node_init(trp_heap_node *node, uint64_t key, uint64_t order) {
  *node = (trp_heap_node){.key = key, .order = order, .index = TRP_HEAP_OUTSIDE};
}

static inline bool trp_heap_node_inside(const trp_heap_node *node) {
  return node->index != TRP_HEAP_OUTSIDE;
}

/* Allocates nothing. */
void trp_heap_init(trp_heap *h, const troupe_allocator *al);

/* Frees the array. Nodes still inside are left as they are. */
void trp_heap_fini(trp_heap *h);

/* Room for n nodes in all, so that inserts up to n cannot fail. 0 or -ENOMEM. */
int trp_heap_reserve(trp_heap *h, uint32_t n);

/* The node must be in no heap. 0 or -ENOMEM; the node is then outside. */
int trp_heap_insert(trp_heap *h, trp_heap_node *node);

/* Does nothing when the node is outside. */
void trp_heap_remove(trp_heap *h, trp_heap_node *node);

/* Sets the key, and moves the node when it is inside. */
void trp_heap_update(trp_heap *h, trp_heap_node *node, uint64_t key);

/* NULL when empty. */
static inline trp_heap_node *trp_heap_min(const trp_heap *h) { return h->len ? h->nodes[0] : NULL; }

/* Removes and returns the minimum; NULL when empty. */
trp_heap_node *trp_heap_pop(trp_heap *h);

#endif
