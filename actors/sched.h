/* The scheduler: which runnable actor runs next.
 *
 *                        worker                         worker
 *                  +---------------+              +---------------+
 *   wakes by the   | lifo: 1 actor |   steal      | lifo          |      the slice has ended
 *   actors it runs | ring: FIFO    | <----------- | ring          |      with work left
 *                  +---------------+              +---------------+              |
 *                          ^ when it is empty, and now and then                  v
 *   wakes by other  +-----------------------------------------------------------------------+
 *   threads, and    | woken: FIFO                                              spent: FIFO  |
 *   when it is long +-----------------------------------------------------------------------+
 *
 * Woken actors, those that something has just come for, go before the spent. The one woken last
 * goes first, as what it was sent is still in the cache: it waits in `lifo`, and goes on to the
 * ring when another takes its place. After TRP_LIFO_RUNS in a row actors queue up in the ring.
 *
 * Actors of high priority have a shared queue of their own, which is looked at first; after
 * TRP_URGENT_TAKES of them in a row a worker takes another one, if there is one.
 *
 * The spent, whose slice ended with work left, are shared by all workers: a slice is long, and so
 * they take turns whatever worker they are on. A slice older than TRP_SLICE_LEAST_NS gives way to
 * a woken actor (actors/preempt.h); a spent one has its turn when none has had one for
 * TRP_SPENT_NS.
 *
 * Who wakes a sleeping worker (actors/parking.h): a thread that is no worker, always; a worker when
 * something was queued already, as it goes on with the rest itself in a moment; the tick, for
 * anything that has waited behind a slice. A wake that a worker misses costs a tick, not an actor.
 *
 * An actor is in a queue at most once: only the push that cleared its PARKED or WAITING tag, or its
 * own slice, puts it there. With workers = 0 there are only the shared queues. */
#ifndef TRP_ACTORS_SCHED_H
#define TRP_ACTORS_SCHED_H

#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <troupe/types.h>

#include "actors/parking.h"
#include "actors/relief.h"
#include "actors/worker.h"

#define TRP_SLICE_MESSAGES 256
#define TRP_LIFO_RUNS 3
#define TRP_URGENT_TAKES 32
#define TRP_LOOK_TAKES 64             /* until the shared queue is looked at first */
#define TRP_SPENT_NS UINT64_C(300000) /* with slices of 100 us that is a quarter of the time */
#define TRP_SPENT_TAKES 256           /* the same where the clock stands still */

typedef struct trp_run_queue { /* FIFO through run_next; under the lock */
  troupe_actor *head, *tail;
  _Atomic uint32_t len; /* written under the lock, read without */
} trp_run_queue;

typedef struct trp_sched {
  pthread_mutex_t lock; /* a leaf */
  trp_run_queue urgent, woken, spent;
  _Atomic uint64_t spent_ns; /* when the last slice ended with work left */
  trp_parking parking;
  trp_relief relief;
  _Atomic bool stopping;
  bool preempts;   /* holds a reference to the signal */
  bool guards;     /* the same for SIGSEGV */
  locale_t locale; /* "C": what actors see, whatever the host has set */
  sigset_t mask;   /* of the thread that started the system, and so of workers */
  trp_worker *workers;
  unsigned count;          /* of active workers; 0: stepped by the host through workers[0] */
  unsigned room;           /* of the array */
  _Atomic unsigned places; /* of those that have ever been used: there thieves look */
} trp_sched;

int trp_sched_init(troupe_system *sys, unsigned workers);
int trp_sched_start(troupe_system *sys);
/* Ends and joins the workers, after their current slice. */
void trp_sched_stop(troupe_system *sys);
void trp_sched_fini(troupe_system *sys);

/* Makes an actor runnable for which something has come. Thread: any. */
void trp_sched_push(troupe_system *sys, troupe_actor *a);

/* Makes an actor runnable whose slice ends here. Thread: its worker. */
void trp_sched_requeue(troupe_system *sys, troupe_actor *a);

/* The earliest timer has moved forward. Thread: any; a worker keeps the time of what it sets itself
 * while it works, and sees to it when it goes to sleep. */
void trp_sched_timer_moved(troupe_system *sys, uint64_t at_ns);

/* Runs one slice if something is runnable; false: nothing is. For workers = 0. */
bool trp_sched_step(troupe_system *sys);
bool trp_sched_runnable(troupe_system *sys);

/* ---- for workers --------------------------------------------------------------------------- */

/* The next actor, or NULL. Sends ticks to those that are due first. Thread: the worker's. */
troupe_actor *trp_sched_take(trp_worker *w);

/* Whether there is something to do for a worker that has nothing. Thread: any. */
bool trp_sched_waits(troupe_system *sys);

/* The worker does no more: what it has queued is for others. Thread: the worker's. */
void trp_sched_leave(trp_worker *w);

/* Begins a worker, and hands over what is queued at one. Under the lock. 0 or an errno. */
int trp_sched_begin(trp_sched *s, trp_worker *w);
void trp_sched_hand_over(trp_sched *s, trp_worker *w);

static inline bool trp_sched_stopping(const trp_sched *s) {
  return atomic_load_explicit(&s->stopping, memory_order_seq_cst);
}

static inline uint32_t trp_run_queue_len(const trp_run_queue *q) {
  /* seq_cst: pairs with append, for a worker that goes to sleep */
  return atomic_load_explicit(&q->len, memory_order_seq_cst);
}

/* Whether a woken actor waits for this worker. Thread: any, and signal handlers. */
static inline bool trp_sched_woken_wait(const trp_sched *s, const trp_worker *w) {
  return trp_run_queue_len(&s->urgent) != 0 || trp_run_queue_len(&s->woken) != 0 ||
         atomic_load_explicit(&w->lifo, memory_order_relaxed) != NULL || !trp_ring_empty(w->ring);
}

#endif
