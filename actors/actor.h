/* The actor's body: what the owner thread alone touches, and the kernel's internal verbs on it.
 *
 * Life of a generation, and who moves it (actors/life.c; states change in enter_state alone):
 *
 *   NEW --start from the parent--> STARTING --started--> RUNNING
 *   STARTING, RUNNING --stop, exit, failure--> STOPPING   behaviour's `stop` runs, within
 * shutdown_ms any of these --stopped, kill, limit, left frame--> ENDING   fini has run; children
 * are ending ENDING --no child left--> DOWN    ledger empty; the parent has been told and decides
 *   DOWN --restart--> STARTING        generation + 1
 *   DOWN --release--> GONE            inbox closed, name freed, watchers told, slot freed
 *
 *   I1  the heap and state of the behaviour exist in STARTING, RUNNING, STOPPING only
 *   I2  messages are delivered in RUNNING only; in every other state they stay queued
 *   I3  in DOWN the ledger is empty
 *   I4  each generation tells the parent exactly once that it exited
 */
#ifndef TRP_ACTORS_ACTOR_H
#define TRP_ACTORS_ACTOR_H

#include <troupe/actor.h>

#include "actors/base/wheel.h"
#include "actors/frame.h"
#include "actors/ledger.h"
#include "actors/message.h"
#include "actors/slot.h"

typedef enum trp_actor_phase {
  TRP_NEW,
  TRP_STARTING,
  TRP_RUNNING,
  TRP_STOPPING,
  TRP_ENDING,
  TRP_DOWN,
  TRP_GONE
} trp_actor_phase;

typedef enum trp_verdict {
  TRP_VERDICT_NONE,
  TRP_VERDICT_REPLIED, /* the reply is on its way */
  TRP_VERDICT_ERROR,   /* current->code is the answer */
  TRP_VERDICT_REFUSED  /* no handler */
} trp_verdict;

/* A stop or a kill from anywhere. It is part of the body: asking needs no memory, and nobody can
 * heap them up at an actor that is busy. What is asked for is seen at once, whatever the message
 * waits behind. */
typedef struct trp_command {
  trp_msg msg;
  _Atomic uint32_t out; /* while it is on its way 1 + the class of exit it asks for, or 0 */
} trp_command;

struct troupe_actor {
  troupe_system *sys;
  trp_slot *slot;
  troupe_pid pid;
  troupe_pid parent; /* 0: the guardian itself */
  trp_actor_phase phase;
  uint32_t generation;
  unsigned canary; /* bumped at each run slice, deliberately plain: TSAN sees two owners by it */
  uint32_t high_in_a_row; /* messages of high priority since the last one of the line */

  const troupe_behavior *behavior;
  void *state;
  void *arg;
  void (*arg_free)(void *arg);
  char *name; /* registered, or NULL */
  uint32_t init_timeout_ms, shutdown_ms;

  trp_queue lanes[TRP_LANES];
  trp_queue skipped;      /* what receive has skipped, older than the line */
  uint64_t high_served;   /* messages of high priority, ever */
  uint64_t waiting_id;    /* the ledger item of the published edge, or 0: actors/waiting.h */
  uint64_t done;          /* room to give back, in the shape of the slot's: trp_line_done */
  bool line_shared;       /* lanes HIGH and LINE and `skipped` are under the slot's lock */
  bool urgent;            /* of high priority */
  bool blocked;           /* by troupe_actor_block */
  bool waits_several;     /* while blocked: actors/waiting.h */
  bool exit_asked;        /* exit_why is set and waits for the callback to return */
  bool abrupt;            /* exit without `stop` */
  bool stopped;           /* STOPPING is over: `stop` has done its work */
  bool pending;           /* `init` has returned TROUPE_PENDING */
  trp_reason *early;      /* NEW: a stop or kill has come before the start; why it will end */
  trp_reason *why;        /* of the running end, or of the last generation's */
  trp_msg *current;       /* being handled; its contents are lent to `receive` until that returns */
  trp_verdict verdict;    /* what the handler has said about `current` */
  bool leave_in_lua_only; /* it calls C libraries that must not be left half-way */
  bool preempted;         /* a callback has given way: `go_on` continues it before anything else */
  bool in_message;        /* and it was given a message */

  /* written by the tick while the owner is inside, by the owner otherwise */
  volatile bool must_end;
  volatile troupe_exit_class must_end_why;
  volatile uint64_t must_end_ns; /* since when */
  volatile uint64_t
      cpu_mark_ns;       /* the thread's processor time when this slice began; 0: no tick yet */
  uint64_t cpu_ns;       /* of the running callback, in earlier slices */
  uint64_t cpu_limit_ns; /* of one callback; 0: none */

  struct trp_throttle *throttle; /* actors/throttle.h, as what follows; NULL: none */
  uint64_t held_until_ns;        /* this slice began with an empty bucket; 0: it did not */
  uint64_t spent_mark_ns;        /* of the processor clock, up to which all is charged */
  trp_queue news;                /* of children, which waits while the actor is held */

  uint64_t handled;      /* messages */
  uint64_t run_ns;       /* in slices, when the behaviour tells its `info` */
  uint64_t run_since_ns; /* the slice is counted up to here */

  uint32_t idle_timers; /* open ones; while there are any, */
  uint64_t heard_ns;    /* when a message was handled last, without the waits, as in timer.c */
  uint64_t waited_ns;   /* the sum of these waits; */
  uint64_t blocked_ns;  /* since when the present one counts, while blocked; 0: it does not */

  uint64_t life_ns; /* deadline of STARTING and STOPPING; UINT64_MAX: none. Read by the tick */

  trp_ledger ledger;
  trp_queue watchers; /* TRP_MSG_WATCH messages, each a `down` to be; ptr: back */
  uint32_t children;
  uint32_t reports, reports_left_out; /* ends of children told to the log in report_s, or not */
  uint64_t report_s;
  struct troupe_child
      *edge;        /* ours, owned by the parent; its message is with us between start and exit */
  uint64_t edge_id; /* the parent's ledger item for us */
  struct trp_worker *worker; /* of the slice */
  trp_frame *frame;          /* of the worker, during a slice */

  trp_wheel_node timer; /* in the system's timers; under the lock of its wheel */
  uint64_t timer_ns;    /* for when it is armed, 0: it is not; of the owner, as timer_home */
  uint16_t timer_home;  /* which wheel */
  trp_command command;
  trp_msg tick;
  _Atomic uint32_t tick_out; /* 1 while `tick` is on its way */
  troupe_actor *run_next;    /* run queue link */
};

/* ---- for the layers above (tools, scripting); thread: owner -------------------------------- */

/* The frame of the current slice, and its ledger. */
static inline trp_frame *trp_actor_frame(troupe_actor *a) { return a->frame; }
static inline trp_ledger *trp_actor_ledger(troupe_actor *a) { return &a->ledger; }

/* Calls the behaviour's `resume` inside the frame. For deliver and expire of ledger items, when the
 * item is off the ledger and everything in the event stays valid until this returns; what must be
 * freed afterwards hangs on the ledger or in a->current, as the call may end the generation. */
void trp_actor_resume(troupe_actor *a, const troupe_event *event);

/* The running callback returns only to give way: it goes on, by `go_on`, in the actor's next slice
 * and before anything else of the actor's runs. */
void trp_actor_preempted(troupe_actor *a);
/* Whatever it does, the actor is left from outside only while liblua's own code runs. */
void trp_actor_leave_in_lua_only(troupe_actor *a);
/* Bounds the processor time of one callback; 0: no bound. */
void trp_actor_limit_cpu(troupe_actor *a, uint64_t cpu_ms);

/* "<slot.serial> name" for logs. */
void trp_actor_describe(const troupe_actor *a, char *out, size_t len);

/* Pushes an ITEM message to an actor (thread: any). When it has ended the message is disposed of.
 */
void trp_post(troupe_system *sys, trp_msg *m);

uint64_t trp_system_now_ns(troupe_system *sys);
const troupe_allocator *trp_system_allocator(troupe_system *sys);

#endif
