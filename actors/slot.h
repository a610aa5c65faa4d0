/* Slots: the one cache line of an actor that other threads touch.
 *
 * A slot is type-stable: it stays a slot for the system's life, while the actor's body comes and
 * goes. A pid names a slot and a serial; the serial grows each time the slot is given out, so a
 * stale pid never reaches a new actor: senders compare it, and as the slot may change hands between
 * that comparison and the push, every message carries its target and the consumer dead-letters a
 * mismatch. Free slots are reused in FIFO order; one whose serial would wrap is retired.
 *
 * Locks: a slot's lock (striped) guards `parked`, the closing of the inbox and the lines that are
 * shared (actors/line.h). It is a leaf but for the run queue's lock, which a push under it may
 * take.
 */
#ifndef TRP_ACTORS_SLOT_H
#define TRP_ACTORS_SLOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <troupe/types.h>

struct trp_parked;

typedef struct trp_slot {
  _Alignas(64) _Atomic uintptr_t inbox; /* newest message | tag: actors/inbox.h */
  _Atomic uint64_t reserved;            /* actors/room.h, as the next and `high` */
  _Atomic uint64_t limits;
  _Atomic uint64_t pid;        /* of the present holder, or of the next one when free */
  _Atomic uint64_t waiting_on; /* an edge of the waiting graph, or 0: actors/waiting.h */
  struct trp_parked *parked;   /* tail of a ring of parked sends; under the lock */
  struct troupe_actor *body;   /* valid while the inbox is open; owner, waker, under the lock */
  _Atomic uint32_t high;
} trp_slot;
_Static_assert(sizeof(trp_slot) == 64, "a slot is one cache line");

#define TRP_SLOT_LOCKS 64
#define TRP_SLOTS_PER_CHUNK 1024

typedef struct trp_slots {
  const troupe_allocator *al;
  pthread_mutex_t lock; /* guards what follows but `chunks` itself, which is read without */
  uint32_t used, max, nchunks;
  uint32_t free_head, free_tail; /* FIFO of slot numbers through next[]; UINT32_MAX: none */
  uint32_t *next;                /* for each slot */
  _Atomic(trp_slot *) *chunks;
  pthread_mutex_t stripes[TRP_SLOT_LOCKS];
} trp_slots;

int trp_slots_init(trp_slots *s, const troupe_allocator *al, uint32_t max_actors);
void trp_slots_fini(trp_slots *s);

/* A closed slot with a fresh pid, or NULL: *err is TROUPE_E_LIMIT or TROUPE_E_NO_MEMORY. Thread:
 * any. */
trp_slot *trp_slots_take(trp_slots *s, int *err);
/* Gives it back: from here on the old pid is unknown. Thread: any. */
void trp_slots_give(trp_slots *s, trp_slot *slot);
/* The slot a pid points at, whoever holds it now; NULL for a pid that never was. Thread: any. */
trp_slot *trp_slots_find(trp_slots *s, troupe_pid pid);
pthread_mutex_t *trp_slots_lock_of(trp_slots *s, troupe_pid pid);

/* True when the pid is the slot's present one. Thread: any; may change at once. */
static inline bool trp_slot_is(trp_slot *slot, troupe_pid pid) {
  /* acquire: pairs with the release in trp_slots_give and in trp_slots_take */
  return atomic_load_explicit(&slot->pid, memory_order_acquire) == pid.id;
}

#endif
