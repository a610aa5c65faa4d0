/* Preemption and hard kill: what makes actor code give its worker back, whatever it does.
 *
 * Each worker has one monotonic 1 ms timer that sends it a thread-directed real-time signal while
 * it runs actors. Nothing is hooked in normal operation. The handler looks at the actor inside the
 * frame:
 *
 *   its slice is used up and others wait     the behaviour's `preempt` is asked to make it yield
 *   a kill is in its inbox, or it has used   the same; and if it is still inside 20 ms later, it is
 *   its processor time                       left by the frame, or at its native half's end
 *
 * Requests live in the actor: the kill is the message in its inbox, which the handler finds by
 * looking at what was pushed since the last tick; so a lost signal loses nothing, the next one
 * comes.
 *
 * Signal safety: the handler reads atomics and fields of its own thread, calls clock_gettime,
 * timer_settime, the behaviour's `preempt` (lua_sethook) and siglongjmp.
 * Process-wide: one signal disposition, shared by all systems, restored with the last one. */
#ifndef TRP_ACTORS_PREEMPT_H
#define TRP_ACTORS_PREEMPT_H

#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include <troupe/types.h>

struct trp_worker;

#define TRP_TICK_NS UINT64_C(1000000)
#define TRP_SLICE_TICKS 1 /* when others wait */
#define TRP_SLICE_TICKS_ALONE 5
#define TRP_KILL_TICKS 20 /* from a request to the jump */
#define TRP_IDLE_TICKS 5  /* without work before the timer is disarmed */

typedef struct trp_preempt { /* a worker's; only its own thread and the handler on it */
  timer_t timer;
  bool open;
  volatile sig_atomic_t armed;
  volatile sig_atomic_t busy; /* the worker has work; set before `armed` is tested */
  volatile sig_atomic_t idle_ticks;
  volatile sig_atomic_t slice_ticks; /* of the running slice */
  volatile sig_atomic_t jumped; /* the frame was left from the handler: the signal is blocked */
} trp_preempt;

/* Takes a signal for the process: SIGRTMIN + 5 or the next one whose disposition is the default.
 * Returns TROUPE_OK, or UV_EBUSY when there is none. Thread: any. */
int trp_preempt_ref(void);
void trp_preempt_unref(void);

/* On the worker's own thread: begins and ends its timer. */
int trp_preempt_open(struct trp_worker *w);
void trp_preempt_close(struct trp_worker *w);

/* The worker has work, or waits. */
void trp_preempt_busy(struct trp_worker *w);
void trp_preempt_idle(struct trp_worker *w);

/* The calling thread's processor time. Async-signal-safe. */
uint64_t trp_preempt_cpu_ns(void);

/* After the frame was left: unblocks the signal if the handler did it. */
void trp_preempt_left(struct trp_worker *w);

#endif
