/* The scheduler: which runnable actor runs next, and the workers that run them.
 *
 * Today two mutex-guarded FIFOs that all workers share: `woken` are actors that something has just
 * come for, `spent` those whose slice has ended with work left. The woken go first, and make a
 * slice older than TRP_SLICE_LEAST_NS give way (actors/preempt.h); the spent have their turn when
 * none has had one for TRP_SPENT_NS. The queues behind trp_sched_push, trp_sched_requeue and take()
 * are the seam where per-worker queues with stealing go.
 *
 * Some code cannot give way: C behaviours, and Lua below a C function (a comparator of table.sort,
 * a pattern). When such a slice keeps others waiting for TRP_RELIEF_NS, the reliever, a thread that
 * does nothing else, begins another worker; the stuck one, now a stray of low priority, ends with
 * its slice. So as many workers as there should be are always there for the others. Only the
 * reliever begins workers later: a thread inherits the priority of the one that makes it.
 *
 *   NONE --begun--> ACTIVE --its slice is stuck--> STRAY --the slice ends--> ENDED --joined--> NONE
 *
 * An actor is in a queue at most once: only
 * the push that cleared its PARKED or WAITING tag, or its own slice, puts it there. */
#ifndef TRP_ACTORS_SCHED_H
#define TRP_ACTORS_SCHED_H

#include <locale.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <troupe/types.h>

#include "actors/frame.h"
#include "actors/memory.h"
#include "actors/preempt.h"
#include "actors/segv.h"

#define TRP_WORKER_STACK_BYTES                                                                     \
  ((size_t)64 << 20) /* only touched pages count; liblua recurses deeply */
#define TRP_SLICE_MESSAGES 256
#define TRP_RELIEF_NS UINT64_C(10000000)
#define TRP_RELIEF_THREADS 64         /* besides the workers; when all are strays, others wait */
#define TRP_SPENT_NS UINT64_C(300000) /* with slices of 100 us that is a quarter of the time */
#define TRP_SPENT_TAKES 256           /* the same where the clock stands still */

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
  trp_frame frame;
  trp_preempt preempt;
  trp_segv segv;
  _Atomic uint64_t slice_ns; /* when the running slice began; 0: none */
  trp_memory_cache memory;
  uint64_t cpu_seen_ns;           /* the thread's processor time when it was last looked at, */
  uint64_t short_ns;              /* and what short slices have been charged since */
  troupe_actor *volatile running; /* inside the frame, for the tick */
} trp_worker;

typedef struct trp_run_queue { /* FIFO through run_next */
  troupe_actor *head, *tail;
  _Atomic uint32_t len; /* written under the lock, read by ticks without */
} trp_run_queue;

typedef struct trp_sched {
  pthread_mutex_t lock; /* a leaf */
  pthread_cond_t wake, keeper_wake;
  trp_run_queue woken, spent;
  uint64_t spent_ns;            /* when the last slice ended with work left */
  unsigned woken_takes;         /* since a spent one was taken */
  _Atomic(trp_worker *) nudged; /* its timer is set to a time of its own: actors/preempt.h */
  unsigned idle;                /* workers waiting, but for the keeper */
  bool keeper;        /* one worker waits until the next timer; it is the last to be woken */
  uint64_t keeper_ns; /* until when; UINT64_MAX: no timer */
  bool stopping;
  bool preempts;   /* holds a reference to the signal */
  bool guards;     /* the same for SIGSEGV */
  locale_t locale; /* "C": what actors see, whatever the host has set */
  sem_t relief;    /* posted when a slice is stuck, by the tick, and when a stray has ended */
  pthread_t reliever;
  sigset_t mask; /* of the thread that started the system, and so of workers */
  bool relieves; /* there is a reliever */
  trp_worker *workers;
  unsigned count; /* of active workers; 0: stepped by the host through workers[0] */
  unsigned room;  /* of the array */
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

/* The earliest timer has moved forward: somebody must wake for it. Thread: any. */
void trp_sched_timer_moved(troupe_system *sys, uint64_t at_ns);

/* Runs one slice if something is runnable; false: nothing is. For workers = 0. */
bool trp_sched_step(troupe_system *sys);
bool trp_sched_runnable(troupe_system *sys);

#endif
