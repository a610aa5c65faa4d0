/* The supervisor behaviour: what its files share.
 *
 *   supervisor.c  the callbacks; what follows when a child ends
 *   round.c       starting and stopping in order: the first start, group restarts, the end
 *   report.c      log lines, and the table of children
 *   root.c        starting one at top level
 *
 * Each child has a seat for a generation of the supervisor:
 *
 *   EMPTY --spawn--> STARTING --started--> UP
 *   STARTING, UP --stop by us--> STOPPING --exited--> HELD, or RELEASING when it is not needed
 * again STARTING, UP --exited--> HELD or RELEASING HELD --restart--> STARTING       the same
 * logical actor: pid, name and mailbox stay HELD --release--> RELEASING --gone--> EMPTY
 *
 * With one_for_one and escalate seats restart independently, each with its delay. The other
 * strategies have at most one *round*: stop a range in reverse, wait for the delay, start it in
 * order. An end that happens meanwhile is folded into it. The first start is a round that has
 * nothing to stop; with every strategy.
 *
 *   I1  a seat has a child edge in every state but EMPTY; `alive` counts these
 *   I2  at most one child is being stopped at a time, unless the escalation time is over
 *   I3  once `ending`, nothing is started any more
 *
 * Thread: owner of the supervisor.
 */
#ifndef TRP_SUPERVISION_SUPERVISOR_H
#define TRP_SUPERVISION_SUPERVISOR_H

#include <troupe/supervisor.h>

#include "actors/base/rand.h"
#include "supervision/budget.h"
#include "supervision/spec.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum trp_seat_state {
  TRP_SEAT_EMPTY,
  TRP_SEAT_STARTING,
  TRP_SEAT_UP,
  TRP_SEAT_STOPPING,
  TRP_SEAT_HELD,
  TRP_SEAT_RELEASING
} trp_seat_state;

typedef struct trp_seat {
  const trp_child_spec *spec;
  troupe_child *child; /* I1 */
  trp_seat_state state;
  trp_slot_was was;     /* why it is EMPTY or RELEASING */
  bool removed;         /* a temporary child that has ended */
  bool ever_up;         /* it has started once; before that a failure ends the supervisor */
  uint64_t up_since_ms; /* UP: when it started */
  uint64_t timer;       /* HELD, restarting on its own: the delay; or 0 */
  uint32_t restarts;
  trp_backoff backoff;
  trp_budget budget; /* its own, if spec->limited */
} trp_seat;

typedef enum trp_round_phase {
  TRP_ROUND_NONE,
  TRP_ROUND_STOP,
  TRP_ROUND_WAIT,
  TRP_ROUND_START
} trp_round_phase;

typedef struct trp_round {
  trp_round_phase phase;
  trp_range range;
  uint32_t cursor; /* STOP: all from here to the end are stopped; START: all before it are up */
  uint64_t due_ms; /* START not before */
  uint64_t timer;  /* WAIT */
} trp_round;

typedef struct trp_supervisor {
  trp_supervisor_spec *spec; /* borrowed from the actor's arg */
  troupe_system *sys;
  bool started; /* the first round is over */
  bool ending;
  bool bounded;        /* the end is subject to escalation_timeout_ms */
  uint64_t end_timer;  /* that time */
  uint32_t end_cursor; /* ending: all from here to the end are asked to stop */
  uint32_t alive;      /* I1 */
  uint32_t stopping;   /* seats in STOPPING */
  trp_round round;
  trp_budget budget;
  trp_rand rand;
  uint64_t log_second;     /* the second that log_lines counts */
  uint32_t log_lines;      /* in it */
  uint32_t log_suppressed; /* since the last line */
  trp_seat seats[];        /* spec->count, in start order */
} trp_supervisor;

/* ---- supervisor.c -------------------------------------------------------------------------- */

/* Checks and copies a spec for troupe_spawn or troupe_actor_spawn, which then take the copy.
 *   name   registered; borrowed; may be NULL
 * Returns TROUPE_OK, TROUPE_E_INVALID with a sentence in msg, TROUPE_E_NO_MEMORY. Thread: any. */
int trp_supervisor_spawn_opts(troupe_spawn_opts *out, const troupe_allocator *allocator,
                              const troupe_supervisor_spec *spec, const char *name, char *msg,
                              size_t msg_len);

/* Makes *opts those of a supervisor with this spec, whose reference they take. */
void trp_supervisor_take_spec(troupe_spawn_opts *opts, trp_supervisor_spec *spec);

extern const troupe_behavior trp_supervisor_behavior;

/* What follows when the child of a seat could not be started, by its own doing or the kernel's. */
void trp_supervisor_start_failed(troupe_actor *self, trp_supervisor *s, trp_seat *seat,
                                 const troupe_exit *why);

static inline uint32_t trp_seat_index(const trp_supervisor *s, const trp_seat *seat) {
  return (uint32_t)(seat - s->seats);
}

uint64_t trp_supervisor_now_ms(const trp_supervisor *s);

/* ---- round.c ------------------------------------------------------------------------------- */

/* Stops and starts what is not so yet in the range, not before due_ms; joins a running round. */
void trp_round_begin(troupe_actor *self, trp_supervisor *s, trp_range range, uint64_t due_ms);
/* The child at the round's cursor did not start: the next attempt, after the stop phase. */
void trp_round_retry(troupe_actor *self, trp_supervisor *s, uint32_t failed, uint64_t due_ms);
/* The seat needs no start in this round. */
void trp_round_skip(trp_supervisor *s, const trp_seat *seat);
/* Goes on as far as possible. To be called at the end of every callback that changed something. */
void trp_round_drive(troupe_actor *self, trp_supervisor *s);

/* The same logical actor again; from HELD. */
void trp_seat_restart(troupe_actor *self, trp_seat *seat);
/* From HELD; nothing else when the seat is EMPTY. */
void trp_seat_release(troupe_actor *self, trp_seat *seat, trp_slot_was was);

/* Asks for the supervisor's end, which begins when the current callback has returned. */
void trp_supervisor_end(troupe_actor *self, trp_supervisor *s, troupe_exit_class why, int code,
                        const char *reason, const char *traceback);
/* Stops the next child. True when none is left. */
bool trp_supervisor_end_drive(troupe_actor *self, trp_supervisor *s);
/* The escalation time is over. */
void trp_supervisor_end_kill(troupe_actor *self, trp_supervisor *s);

/* ---- report.c ------------------------------------------------------------------------------ */

/* One line at level warn: what happened (child_terminated, start_error, shutdown_error,
 * max_restarts), to whom, why, and what is done about it. At most 10 a second. */
void trp_report(troupe_actor *self, trp_supervisor *s, const char *what, const trp_seat *seat,
                const troupe_exit *why, const char *decision);
/* Says how many lines were suppressed, if any. */
void trp_report_flush(troupe_actor *self, trp_supervisor *s);

/* Answers TROUPE_ASK_CHILDREN. */
void trp_supervisor_answer_children(troupe_actor *self, const trp_supervisor *s);

#endif
