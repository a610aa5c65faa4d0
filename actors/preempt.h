/* Preemption and hard kill: what makes actor code give its worker back, whatever it does.
 *
 * Each worker has one monotonic 1 ms timer that sends it a thread-directed real-time signal while
 * it runs actors. Nothing is hooked in normal operation. The handler looks at the running slice:
 *
 *   it is used up and others wait, or it is   the slice ends after the current message, and the
 *   100 us old and an actor was woken, or     behaviour's `preempt` is asked to make that give way
 *   a timer is due
 *   the actor is to be killed, or it          the same; and if it is still inside 20 ms later, it
 *   has used its processor time               is left by the frame, or at its native half's end
 *
 * Requests live in the actor: the kill is in its command (actors/actor.h), so a lost signal loses
 * nothing, the next one comes.
 *
 * Between two ticks a worker is *nudged*: it nudges itself when an actor waits behind a slice that
 * begins or has run for a while, or a timer will be due before the next tick; who brings something
 * from outside while all workers are busy nudges the one with the oldest slice. The timer is then
 * set to that time, or to when the slice is 100 us old. One nudge at a time is under way; one that
 * meets a younger slice found a worker on which slices are short, and is the last for a tick, of
 * its own for TRP_QUIET_TICKS. So a busy worker pays for a signal more now and then, whatever its
 * rate of messages. An actor that waits behind an old slice beside a sleeping worker is that
 * worker's.
 *
 * Slices need no look at the clock: the tick says when it is time for one (trp_preempt_look). When
 * a slice began is known exactly if its behaviour's time is counted (`info`), else from the first
 * signal on that comes during it.
 *
 * Where a signal costs a virtual machine 30 us, a tick each millisecond takes three hundredths of a
 * script's time. So once a tick has found that nobody waits, the next one comes after
 * TRP_TICK_ALONE_NS, or when the next slice begins; who is woken meanwhile nudges.
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
#define TRP_TICK_ALONE_NS UINT64_C(4000000)  /* once a tick has found that nobody waits */
#define TRP_SLICE_NS UINT64_C(1000000)       /* when others wait */
#define TRP_SLICE_ALONE_NS UINT64_C(5000000) /* when nobody does */
#define TRP_SLICE_LEAST_NS UINT64_C(100000)  /* before a woken actor, or a timer, has its turn */
#define TRP_NUDGE_NS UINT64_C(50000)         /* from a worker to itself */
#define TRP_KILL_NS UINT64_C(20000000)       /* from a request to the jump */
#define TRP_SLICE_UNTIMED UINT64_C(1)
#define TRP_STRAY_NICE 5
#define TRP_QUIET_TICKS 8
#define TRP_IDLE_TICKS 5 /* without work before the timer is disarmed */

typedef struct trp_preempt { /* a worker's; only its own thread and the handler on it */
  timer_t timer;
  bool open;
  volatile sig_atomic_t armed;
  volatile sig_atomic_t busy; /* the worker has work; set before `armed` is tested */
  volatile sig_atomic_t idle_ticks;
  volatile sig_atomic_t over;  /* the running slice ends after the current message */
  volatile sig_atomic_t quiet; /* ticks for which it does not nudge itself */
  volatile sig_atomic_t alone; /* the next tick comes late, as nobody waits */
  volatile sig_atomic_t stale; /* the clock is to be looked at */
  _Atomic int nudged;          /* the timer is set to a time of its own */
  _Atomic int stuck;           /* the running slice does not end although others wait */
  int tid;
  volatile sig_atomic_t jumped; /* the frame was left from the handler: the signal is blocked */
  uint64_t now_ns;              /* when the clock was last looked at */
  bool exact;                   /* in the running slice, or since */
} trp_preempt;

/* Takes a signal for the process: SIGRTMIN + 5 or the next one whose disposition is the default.
 * Returns TROUPE_OK, or UV_EBUSY when there is none. Thread: any. */
int trp_preempt_ref(void);
void trp_preempt_unref(void);

/* On the worker's own thread: begins and ends its timer. */
int trp_preempt_open(struct trp_worker *w);
void trp_preempt_close(struct trp_worker *w);

/* A slice begins, and ends, on the worker's own thread. With workers = 0 there is no timer, and
 * slices are measured by the system's clock.
 *   timed  its beginning has to be exact: trp_preempt_seen is it then */
void trp_preempt_begin(struct trp_worker *w, bool timed);
void trp_preempt_end(struct trp_worker *w);
/* Between two slices: looks at the clock if a tick has come since, or none ever does. True: it
 * did. */
bool trp_preempt_look(struct trp_worker *w);
/* The clock that slices are measured by: now, and when it was last looked at. Thread: its own. */
uint64_t trp_preempt_now(struct trp_worker *w);
uint64_t trp_preempt_seen(const struct trp_worker *w);
/* When the running slice began; TRP_SLICE_UNTIMED: not known yet; 0: none runs. Thread: any. */
uint64_t trp_preempt_begun(const struct trp_worker *w);
/* Whether ticks come and see to those who wait behind a slice. */
bool trp_preempt_watches(const struct trp_worker *w);
/* The processor time of the running slice: since the mark that its first tick has made, or, when
 * none has come (mark_ns 0), its age, a tick at most. */
uint64_t trp_preempt_used_ns(struct trp_worker *w, uint64_t mark_ns);
/* Whether the slice is to end after the current message. */
bool trp_preempt_over(struct trp_worker *w);

/* Whether the running slice has kept others waiting for TRP_RELIEF_NS. Thread: any, with the
 * scheduler's lock held. */
bool trp_preempt_stuck(const struct trp_worker *w);
/* Lowers the priority of a stuck worker's thread for good: somebody else has its place. */
void trp_preempt_stray(const struct trp_worker *w);

/* The worker waits: it has no work. */
void trp_preempt_idle(struct trp_worker *w);

/* Sets the timer of a worker to at_ns, but not before its slice may end. Thread: any, with the
 * scheduler's lock held, which keeps the worker from ending. */
void trp_preempt_nudge(struct trp_worker *w, uint64_t at_ns);
/* The same for the calling worker, and not at once: it may be about to take what waits itself. */
void trp_preempt_nudge_self(struct trp_worker *w, uint64_t at_ns);
/* An actor waits behind the running slice, which begins now, or has woken it. Nudges unless the
 * slice is a short one, as far as is known: to set a timer may take longer than a round trip
 * between two actors. Where no tick comes within a millisecond, always. */
void trp_preempt_waits(struct trp_worker *w, bool begins);

/* The calling thread's processor time. Async-signal-safe. */
uint64_t trp_preempt_cpu_ns(void);

/* After the frame was left: unblocks the signal if the handler did it. */
void trp_preempt_left(struct trp_worker *w);

#endif
