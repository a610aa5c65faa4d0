/* A worker: a thread that runs actors, with a run queue of its own.
 *
 *   NONE --begun--> ACTIVE --its slice is stuck--> STRAY --the slice ends--> ENDED --joined--> NONE
 *
 * There are places for more workers than there should be, for those that take over from strays
 * (actors/relief.h). */
#ifndef TRP_ACTORS_WORKER_H
#define TRP_ACTORS_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <troupe/types.h>

#include "actors/frame.h"
#include "actors/memory.h"
#include "actors/preempt.h"
#include "actors/ring.h"
#include "actors/segv.h"

#define TRP_WORKER_STACK_BYTES                                                                     \
  ((size_t)64 << 20) /* only touched pages count; liblua recurses deeply */
#define TRP_SPIN_ROUNDS                                                                            \
  64 /* of looking everywhere, about 3 us, before the only searcher sleeps                         \
      */

typedef enum trp_worker_state {
  TRP_WORKER_NONE, /* no thread */
  TRP_WORKER_ACTIVE,
  TRP_WORKER_STRAY,
  TRP_WORKER_ENDED /* to be joined */
} trp_worker_state;

typedef struct trp_worker {
  troupe_system *sys;
  pthread_t thread;
  trp_worker_state state; /* under the scheduler's lock */

  /* its own thread */
  trp_frame frame;
  trp_preempt preempt;
  trp_segv segv;
  trp_memory_cache memory;
  uint64_t cpu_seen_ns;           /* the thread's processor time when it was last looked at, */
  uint64_t short_ns;              /* and what short slices have been charged since */
  troupe_actor *volatile running; /* inside the frame, for the tick */
  unsigned takes;                 /* all: now and then another queue is looked at first */
  unsigned woken_takes;           /* since a spent one was taken */
  unsigned urgent_takes;          /* in a row */
  unsigned lifo_runs;             /* in a row */
  _Atomic uint64_t sent, handled; /* messages, by the actors it runs; see trp_worker_count */

  /* any thread; actors/sched.h */
  char apart[64];
  _Atomic(troupe_actor *) lifo; /* the freshly woken actor, or NULL; only its owner puts in */
  _Atomic bool lifo_waits;      /* it has waited long enough to be stolen */
  _Atomic bool stray;           /* others do its work: what it wakes is for them */
  _Atomic uint64_t slice_ns;    /* when the running slice began: actors/preempt.h */
  trp_ring *ring;               /* once it has begun, until the system's end */
} trp_worker;

/* Counts one more, on the worker's own thread: no other writes, so it costs no atomic operation. */
static inline void trp_worker_count(_Atomic uint64_t *counter) {
  uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);
  atomic_store_explicit(counter, n + 1, memory_order_relaxed);
}

/* The calling thread, if it is a worker of this system; else NULL. */
trp_worker *trp_worker_self(const troupe_system *sys);
/* The same of whatever system. For signal handlers. */
trp_worker *trp_worker_any(void);

/* Gives a place a run queue: the first step of its use. TROUPE_E_NO_MEMORY. */
int trp_worker_init(trp_worker *w, troupe_system *sys);
void trp_worker_fini(trp_worker *w);

/* Gives a place without a thread one. Under the scheduler's lock. 0 or an errno. */
int trp_worker_begin(trp_worker *w);

/* Joins a worker that ends or has ended. Without the lock, which it may need, or be slow to leave.
 * Only the reliever does, and who stops the system, later. */
void trp_worker_join(trp_worker *w);
trp_worker_state trp_worker_state_of(trp_worker *w);

/* Runs a slice of an actor that the caller has taken. Thread: the worker's. */
void trp_worker_run(trp_worker *w, troupe_actor *a);

#endif
