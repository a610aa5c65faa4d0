/* Supervisors: start children in order, restart what fails, stop in reverse, give up in time.
 *
 * A supervisor is an actor without user code: a state machine that never waits, so that it can be
 * asked and stopped at any time. The rules are those of OTP's supervisor, with these differences:
 * pid, name and mailbox of a child survive its restarts (as in Akka); there is a delay between
 * restarts, so that a child which fails at once does not spend the budget at once; the budget
 * counts milliseconds, not whole seconds; giving up is an abnormal end, so a parent restarts a
 * transient supervisor that gave up; whatever way a supervisor ends, its descendants end first.
 *
 * Not here yet: adding, stopping and restarting single children by hand, and pools.
 */
#ifndef TROUPE_SUPERVISOR_H
#define TROUPE_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/actor.h>
#include <troupe/error.h>
#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TROUPE_CHILDREN_MAX 4096       /* children of one supervisor */
#define TROUPE_SUPERVISOR_DEPTH_MAX 32 /* supervisors in supervisors */
#define TROUPE_RESTARTS_MAX 1000000    /* largest max_restarts */

#define TROUPE_RESTARTS_NONE UINT32_MAX        /* max_restarts: give up on the first */
#define TROUPE_ATTEMPTS_UNLIMITED UINT32_MAX   /* max_attempts */
#define TROUPE_SHUTDOWN_KILL (UINT32_MAX - 1u) /* shutdown_ms: kill at once */
#define TROUPE_JITTER_NONE (-1.0)              /* jitter */

/* Which children a restart touches. A group is stopped in reverse order and started in order. */
typedef enum troupe_strategy {
  TROUPE_ONE_FOR_ONE,  /* the one that ended */
  TROUPE_ONE_FOR_ALL,  /* all */
  TROUPE_REST_FOR_ONE, /* the one that ended and those after it */
  TROUPE_ESCALATE,     /* none: an abnormal end of a child ends the supervisor, with class error */
} troupe_strategy;

typedef enum troupe_restart {
  TROUPE_PERMANENT, /* after every end */
  TROUPE_TRANSIENT, /* after an abnormal end; otherwise it stays stopped until a group restart */
  TROUPE_TEMPORARY, /* never; it is forgotten when it ends, also for a sibling's sake */
} troupe_restart;

/* What ends the supervisor (class shutdown) because its children are done. */
typedef enum troupe_auto_shutdown {
  TROUPE_AUTO_SHUTDOWN_NEVER,
  TROUPE_AUTO_SHUTDOWN_ANY, /* the first significant child that ends for good */
  TROUPE_AUTO_SHUTDOWN_ALL, /* the last one */
} troupe_auto_shutdown;

/* What follows when one child has used up its own limit: its own max_restarts, or max_attempts. */
typedef enum troupe_on_limit {
  TROUPE_ON_LIMIT_ESCALATE,   /* the supervisor gives up */
  TROUPE_ON_LIMIT_STOP,       /* the child stays stopped until a group restart */
  TROUPE_ON_LIMIT_QUARANTINE, /* the child stays stopped for good */
} troupe_on_limit;

/* Delays before restarts: 0, min, min*factor, ... up to max, each +- jitter, never over max. A
 * child that was up for reset_ms begins that row again. Zero means the default. */
typedef struct troupe_backoff {
  uint64_t min_ms;       /* 100 */
  uint64_t max_ms;       /* 30,000, or min_ms if that is more; at most 366 days */
  double factor;         /* 2; at least 1 */
  double jitter;         /* 0.2 of the delay; at most 1; TROUPE_JITTER_NONE: none */
  uint64_t reset_ms;     /* (min_ms + max_ms) / 2; at most 366 days */
  uint32_t max_attempts; /* 10 failed starts in a row, then on_limit; or .._UNLIMITED */
  bool first_delayed;    /* the first restart waits min_ms instead of happening at once */
  bool off;              /* no delays; failed starts then cost restarts of the budget, as in OTP */
} troupe_backoff;

struct troupe_supervisor_spec;

/* One child. Zero means the default. Everything is copied but what `start.arg` points to. */
typedef struct troupe_child_spec {
  const char *id; /* unique among its siblings; 1 to 64 bytes, no control characters */
  troupe_restart restart;
  bool significant;         /* counts for auto_shutdown; needs one, and not permanent */
  uint32_t shutdown_ms;     /* 5,000, for supervisors TROUPE_INFINITY; then it is killed.
                               TROUPE_SHUTDOWN_KILL: at once */
  uint32_t init_timeout_ms; /* 30,000, for supervisors TROUPE_INFINITY */
  uint32_t max_restarts;    /* its own budget, besides the supervisor's; 0: none;
                               TROUPE_RESTARTS_NONE: no restart */
  troupe_on_limit on_limit;
  uint64_t window_ms; /* 60,000: of its own budget */

  /* Either a supervisor; of `start`, only the name and the mailbox's bounds are used then, ... */
  const struct troupe_supervisor_spec *supervisor;
  /* ... or an actor. Its size, shutdown_ms, init_timeout_ms and user are not used, and arg_free
   * must be NULL: */
  troupe_spawn_opts start;
  /* the argument lives as long as anybody may still start the child. arg_ref is called for each
   * copy of the pointer that is kept, arg_unref when it is dropped, on any thread. Either both, or
   * none: then the argument must outlive the system. */
  void (*arg_ref)(void *arg);
  void (*arg_unref)(void *arg);
} troupe_child_spec;

/* Zero means the default. */
typedef struct troupe_supervisor_spec {
  size_t size; /* sizeof(troupe_supervisor_spec); TROUPE_SUPERVISOR_SPEC_INIT sets it */
  troupe_strategy strategy;
  uint32_t max_restarts; /* 3; one more within window_ms and the supervisor gives up */
  uint64_t window_ms;    /* 60,000; at most 366 days */
  troupe_backoff backoff;
  troupe_auto_shutdown auto_shutdown;
  uint32_t escalation_timeout_ms; /* 10,000; TROUPE_INFINITY: none. What a supervisor that gives up
                                     has not stopped by then, it kills */
  bool sticky_done;               /* group restarts leave transient children alone that were done */
  const troupe_child_spec *children; /* in start order */
  size_t children_len;
} troupe_supervisor_spec;
#define TROUPE_SUPERVISOR_SPEC_INIT                                                                \
  { .size = sizeof(troupe_supervisor_spec) }

/* Checks a spec with all that is nested in it, and starts nothing.
 *
 *   msg   receives a sentence that begins with the path of the field:
 *         "children[2].restart: must be permanent, transient or temporary"; may be NULL, 0
 *
 * Cost     grows with the square of the number of siblings (their ids must differ).
 * Thread   any.
 * Returns  TROUPE_OK, TROUPE_E_INVALID
 */
TROUPE_API int troupe_supervisor_spec_check(const troupe_supervisor_spec *spec, char *msg,
                                            size_t msg_len);

typedef struct troupe_supervisor_opts {
  size_t size;
  const char *name; /* registered; copied; NULL: none */

  /* The supervisor is gone for good, and with it all its children: it was stopped, its significant
   * children were done (class shutdown), a child did not start (init_failed), it gave up
   * (max_restarts), it escalated (error), or it was killed. Called exactly once if the start
   * returned TROUPE_OK, on a worker; must not block. `why` is borrowed until return. */
  void (*on_end)(void *ctx, const troupe_exit *why);
  void *on_end_ctx;
} troupe_supervisor_opts;

/* Starts a supervisor at top level. Its children start later, on workers, one after another. When
 * one fails to start for the first time, those before it are stopped in reverse and the supervisor
 * ends with class init_failed and the reason "failed_to_start_child <id>: ...".
 *
 *   opts   may be NULL
 *   msg    receives a sentence about an error; may be NULL, 0
 *
 * Memory   copies spec and opts.
 * Thread   any.
 * Returns  TROUPE_OK, TROUPE_E_INVALID (the spec), or as troupe_spawn. *out is 0 on an error.
 */
TROUPE_API int troupe_supervisor_start(troupe_system *sys, troupe_pid *out,
                                       const troupe_supervisor_spec *spec,
                                       const troupe_supervisor_opts *opts, char *msg,
                                       size_t msg_len);

/* The ask that every supervisor answers, with one line of text for each child in start order:
 *
 *   id \t type \t state \t generation \t restarts \t pid \n
 *
 *   type   worker, supervisor
 *   state  starting, running, stopping, restarting (its actor waits for the next generation),
 *          stopped, quarantined
 *   generation, pid   0 without an actor; pid is troupe_pid.id in decimal
 *   restarts          since this generation of the supervisor began
 *
 * A supervisor that still starts answers when it has started. */
#define TROUPE_ASK_CHILDREN "troupe.children"

#ifdef __cplusplus
}
#endif
#endif
