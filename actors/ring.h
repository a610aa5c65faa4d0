/* A ring of runnable actors: its owner, a worker, puts in; the owner and thieves take out, the
 * oldest first.
 *
 *   slots  .. taken .. | head .. waiting .. | tail .. free ..
 *
 *   R1  head <= tail <= head + TRP_RING_ROOM; both only grow, and wrap only in the slots' index
 *   R2  each position is put in once, by the owner, and taken out once, by who moves head past it
 *
 * Lock-free. Never allocates: a push to a full ring fails. Thread: push: owner; the rest: any.
 * Checked by tests/models/ring.pml. */
#ifndef TRP_ACTORS_RING_H
#define TRP_ACTORS_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/types.h>

#define TRP_RING_ROOM 1024u /* a power of two */

typedef struct trp_ring {
  _Atomic uint64_t head; /* whoever takes */
  char apart[64 - sizeof(uint64_t)];
  _Atomic uint64_t tail; /* written by the owner */
  _Atomic(troupe_actor *) slots[TRP_RING_ROOM];
} trp_ring;

/* How many it holds; for others than the owner a guess. */
static inline uint64_t trp_ring_len(const trp_ring *r) {
  uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
  return atomic_load_explicit(&r->tail, memory_order_relaxed) - head;
}
static inline bool trp_ring_empty(const trp_ring *r) { return trp_ring_len(r) == 0; }

/* False: it is full. */
static inline bool trp_ring_push(trp_ring *r, troupe_actor *a) {
  uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
  /* acquire: pairs with the release in trp_ring_take; who has moved head on has read its slot */
  if (tail - atomic_load_explicit(&r->head, memory_order_acquire) >= TRP_RING_ROOM) return false;
  atomic_store_explicit(&r->slots[tail % TRP_RING_ROOM], a, memory_order_relaxed);
  /* release: pairs with the acquire of tail in trp_ring_take; publishes slot and actor */
  atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
  return true;
}

/* The oldest, or NULL. */
static inline troupe_actor *trp_ring_take(trp_ring *r) {
  uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
  for (;;) {
    /* acquire: pairs with the release in trp_ring_push. Read after head, so never before it: the
     * acquire of head brings along what its mover had seen of tail. */
    if (head == atomic_load_explicit(&r->tail, memory_order_acquire)) return NULL;
    troupe_actor *a = atomic_load_explicit(&r->slots[head % TRP_RING_ROOM], memory_order_relaxed);
    /* release: pairs with the acquire in trp_ring_push, which may use the slot again; acquire: for
     * the next round */
    if (atomic_compare_exchange_weak_explicit(&r->head, &head, head + 1, memory_order_acq_rel,
                                              memory_order_acquire))
      return a;
  }
}

#endif
