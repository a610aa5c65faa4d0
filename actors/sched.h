/* The scheduler: which runnable actor runs next, and the workers that run them.
 *
 * Today one mutex-guarded FIFO that all workers share; the queue behind trp_sched_push and take()
 * is the seam where per-worker queues with stealing go. An actor is in the queue at most once: only
 * the push that cleared its PARKED or WAITING tag, or its own slice, puts it there. */
#ifndef TRP_ACTORS_SCHED_H
#define TRP_ACTORS_SCHED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <troupe/types.h>

#include "actors/frame.h"
#include "actors/preempt.h"

#define TRP_WORKER_STACK_BYTES                                                                     \
  ((size_t)64 << 20) /* only touched pages count; liblua recurses deeply */
#define TRP_SLICE_NS UINT64_C(1000000)
#define TRP_SLICE_MESSAGES 256

typedef struct trp_worker {
  troupe_system *sys;
  pthread_t thread;
  trp_frame frame;
  trp_preempt preempt;
  troupe_actor *volatile running; /* inside the frame, for the tick */
  bool started;
} trp_worker;

typedef struct trp_sched {
  pthread_mutex_t lock; /* a leaf */
  pthread_cond_t wake, keeper_wake;
  troupe_actor *head, *tail; /* through run_next */
  _Atomic uint32_t queued;   /* how many; written under the lock, read by ticks without */
  unsigned idle;             /* workers waiting, but for the keeper */
  bool keeper;               /* one worker waits until the next timer; it is the last to be woken */
  uint64_t keeper_ns;        /* until when; UINT64_MAX: no timer */
  bool stopping;
  bool preempts; /* holds a reference to the signal */
  trp_worker *workers;
  unsigned count; /* of workers; 0: stepped by the host through workers[0] */
  unsigned room;  /* of the array */
} trp_sched;

int trp_sched_init(troupe_system *sys, unsigned workers);
int trp_sched_start(troupe_system *sys);
/* Ends and joins the workers, after their current slice. */
void trp_sched_stop(troupe_system *sys);
void trp_sched_fini(troupe_system *sys);

/* Makes an actor runnable. Thread: any. */
void trp_sched_push(troupe_system *sys, troupe_actor *a);

/* The earliest timer has moved forward: somebody must wake for it. Thread: any. */
void trp_sched_timer_moved(troupe_system *sys, uint64_t at_ns);

/* Runs one slice if something is runnable; false: nothing is. For workers = 0. */
bool trp_sched_step(troupe_system *sys);
bool trp_sched_runnable(troupe_system *sys);

#endif
