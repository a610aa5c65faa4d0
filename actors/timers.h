/* The timers of a system: one entry for each actor that waits for a time, its earliest deadline.
 *
 * What the deadline is for is the actor's own business (its ledger); here an actor is only told
 * that it is due, by its embedded tick. So cancelling is final and needs nobody else. Today a heap
 * under one mutex; a hierarchical wheel for each worker goes behind the same calls. */
#ifndef TRP_ACTORS_TIMERS_H
#define TRP_ACTORS_TIMERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "actors/base/heap.h"

typedef struct trp_timers {
  pthread_mutex_t lock; /* before the run queue's lock */
  trp_heap heap;
  uint32_t entries;         /* actors that exist: the heap has room for each */
  _Atomic uint64_t next_ns; /* of the heap; UINT64_MAX: empty */
} trp_timers;

void trp_timers_init(trp_timers *t, const troupe_allocator *al);
void trp_timers_fini(trp_timers *t);

/* Makes room for one more actor, so that arming never fails. TROUPE_E_NO_MEMORY. */
int trp_timers_admit(trp_timers *t);
/* Removes an actor's entry for good: afterwards no tick of its is on the way. */
void trp_timers_dismiss(troupe_system *sys, troupe_actor *a);

/* Sets the actor's entry to at_ns; 0: none. Thread: owner. */
void trp_timers_arm(troupe_system *sys, troupe_actor *a, uint64_t at_ns);

/* Sends a tick to each actor that is due. Thread: any. Cheap when nothing is. */
void trp_timers_expire(troupe_system *sys);

static inline uint64_t trp_timers_next(trp_timers *t) {
  return atomic_load_explicit(&t->next_ns, memory_order_acquire);
}

#endif
