/* The timers of a system: one entry for each actor that waits for a time.
 *
 * What the time is for is the actor's own business (its ledger); here an actor is only told that it
 * is due, by its embedded tick. So cancelling is final and needs nobody else. The entries are kept
 * in wheels, one for each worker (up to TRP_TIMERS_WHEELS), each under a lock of its own: an actor
 * that runs here and there arms where it runs, and so two workers seldom meet. Any worker sends the
 * ticks of every wheel, so that nobody waits for one that is busy.
 *
 * An actor's entry is its earliest time or an earlier one: what is not waited for any more stays
 * until it has come, for nothing, once. One that asks again and again, each time with a deadline
 * that is never met, touches a wheel once for each deadline that passes, not for each ask.
 *
 *   T1  timer_ns, which is the owner's, is 0: the entry is outside and no tick is on its way
 *   T2  tick_out is 1: the tick is on its way, and the entry is outside
 *   T3  while an entry is inside, it is so at timer_ns in wheel timer_home */
#ifndef TRP_ACTORS_TIMERS_H
#define TRP_ACTORS_TIMERS_H

#include <pthread.h>
#include <stdatomic.h>

#include <troupe/types.h>

#include "actors/base/wheel.h"

#define TRP_TIMERS_WHEELS 16
#define TRP_TIMERS_MOVES 256 /* of a wheel's nodes while its lock is held */

typedef struct trp_timers_wheel {
  pthread_mutex_t lock;     /* before the locks of the run queues */
  _Atomic uint64_t next_ns; /* of the wheel; written under the lock */
  trp_wheel wheel;
} trp_timers_wheel;

typedef struct trp_timers {
  const troupe_allocator *al;
  trp_timers_wheel *wheels;
  unsigned count;
} trp_timers;

/* Returns TROUPE_OK or TROUPE_E_NO_MEMORY. */
int trp_timers_init(trp_timers *t, const troupe_allocator *al, unsigned workers);
void trp_timers_fini(trp_timers *t);

/* The actor has to be told when at_ns has come, at the latest; 0: not at all. Thread: owner. */
void trp_timers_arm(troupe_system *sys, troupe_actor *a, uint64_t at_ns);

/* The actor has its tick in hand: it may be armed and sent again. Thread: owner. */
void trp_timers_ticked(troupe_actor *a);

/* Removes an actor's entry: afterwards no tick of its is pushed any more. Thread: owner. */
void trp_timers_dismiss(troupe_system *sys, troupe_actor *a);

/* Sends a tick to each actor that is due. Thread: any. Cheap when nothing is. */
void trp_timers_expire(troupe_system *sys);

/* When to look for the first entry; UINT64_MAX: there is none. Thread: any; lock-free. */
static inline uint64_t trp_timers_next(const trp_timers *t) {
  uint64_t next = UINT64_MAX;
  for (unsigned i = 0; i < t->count; i++) {
    /* acquire: pairs with the release in publish_next() */
    uint64_t at = atomic_load_explicit(&t->wheels[i].next_ns, memory_order_acquire);
    if (at < next) next = at;
  }
  return next;
}

#endif
