/* An intrusive binary min-heap.
 *
 *   I1  nodes[i]->index == i for every i < len
 *   I2  no node comes before its parent in the order of (key, order)
 */
#include "actors/base/heap.h"

#include <errno.h>

#include "actors/base/assert.h"
#include "actors/base/mem.h"

enum { FIRST_CAP = 16 };

static bool before(const trp_heap_node *a, const trp_heap_node *b) {
  if (a->key != b->key) return a->key < b->key;
  return a->order < b->order;
}

static void place(trp_heap *h, trp_heap_node *node, uint32_t i) {
  h->nodes[i] = node;
  node->index = i;
}

/* Puts node at i or, where it comes before them, in the place of its ancestors. */
static void rise(trp_heap *h, trp_heap_node *node, uint32_t i) {
  while (i > 0) {
    uint32_t parent = (i - 1) / 2;
    if (!before(node, h->nodes[parent])) break;
    place(h, h->nodes[parent], i);
    i = parent;
  }
  place(h, node, i);
}

/* Puts node at i or, where it comes after them, in the place of its descendants. */
static void sink(trp_heap *h, trp_heap_node *node, uint32_t i) {
  while (i < h->len / 2) { /* i has a child */
    uint32_t child = 2 * i + 1;
    if (child + 1 < h->len && before(h->nodes[child + 1], h->nodes[child])) child++;
    if (!before(h->nodes[child], node)) break;
    place(h, h->nodes[child], i);
    i = child;
  }
  place(h, node, i);
}

static void settle(trp_heap *h, trp_heap_node *node, uint32_t i) {
  if (i > 0 && before(node, h->nodes[(i - 1) / 2])) {
    rise(h, node, i);
  } else {
    sink(h, node, i);
  }
}

void trp_heap_init(trp_heap *h, const troupe_allocator *al) { *h = (trp_heap){.al = al}; }

void trp_heap_fini(trp_heap *h) {
  trp_free(h->al, h->nodes, h->cap * sizeof(trp_heap_node *));
  *h = (trp_heap){.al = h->al};
}

int trp_heap_reserve(trp_heap *h, uint32_t n) {
  if (n <= h->cap) return 0;
  /* Indices stay below TRP_HEAP_OUTSIDE because cap never doubles past half of its range. */
  if (n > UINT32_MAX / 2) return -ENOMEM;
  uint32_t cap = h->cap ? h->cap : FIRST_CAP;
  while (cap < n)
    cap *= 2;
  trp_heap_node **nodes =
      trp_realloc(h->al, h->nodes, h->cap * sizeof(trp_heap_node *), cap * sizeof(trp_heap_node *));
  if (!nodes) return -ENOMEM;
  h->nodes = nodes;
  h->cap = cap;
  return 0;
}

int trp_heap_insert(trp_heap *h, trp_heap_node *node) {
  TRP_ASSERT(!trp_heap_node_inside(node));
  int err = trp_heap_reserve(h, h->len + 1);
  if (err) return err;
  h->len++;
  rise(h, node, h->len - 1);
  return 0;
}

void trp_heap_remove(trp_heap *h, trp_heap_node *node) {
  if (!trp_heap_node_inside(node)) return;
  uint32_t i = node->index;
  TRP_ASSERT(i < h->len && h->nodes[i] == node);
  h->len--;
  if (i < h->len) settle(h, h->nodes[h->len], i);
  node->index = TRP_HEAP_OUTSIDE;
}

void trp_heap_update(trp_heap *h, trp_heap_node *node, uint64_t key) {
  node->key = key;
  if (!trp_heap_node_inside(node)) return;
  TRP_ASSERT(node->index < h->len && h->nodes[node->index] == node);
  settle(h, node, node->index);
}

trp_heap_node *trp_heap_pop(trp_heap *h) {
  trp_heap_node *node = trp_heap_min(h);
  if (node) trp_heap_remove(h, node);
  return node;
}
