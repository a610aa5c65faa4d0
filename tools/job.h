/* One attempt of a tool call: the record where result, timeout and cancel meet. It is the public
 * troupe_call.
 *
 *   QUEUED  --executor takes it--> RUNNING --tool ends it--> DONE     the caller gets the result
 *   QUEUED, RUNNING --caller's time is up--> TIMED_OUT                what comes later is dropped
 *   QUEUED, RUNNING --caller is gone or gave up--> CANCELLED          likewise
 *
 *   I1  transitions happen under the tool's lock; the states other than QUEUED, RUNNING are final
 *   I2  tool->open counts it from submit until its executor has ended, whatever the caller does
 *   I3  its permit comes back once: recorded by the tool's end (DONE; CANCELLED while it ran) or by
 *       the owner (TIMED_OUT), released by whoever finds that it never ran
 *   I4  its message is posted when it becomes DONE and never otherwise
 *
 * Reference counted: the caller, the executor, the message under way and a pending cancel have one
 * each. */
#ifndef TRP_TOOLS_JOB_H
#define TRP_TOOLS_JOB_H

#include <uv.h>

#include "actors/actor.h"
#include "actors/loop.h"
#include "tools/breaker.h"
#include "tools/grants.h"
#include "tools/registry.h"

#define TRP_JOB_CODE_MAX 32     /* with NUL */
#define TRP_JOB_MESSAGE_MAX 256 /* with NUL */

/* A call's arguments, shared by its attempts. */
typedef struct trp_args {
  _Atomic uint32_t refs;
  size_t len;
  uint8_t data[];
} trp_args;

trp_args *trp_args_new(const troupe_allocator *al, const void *data,
                       size_t len); /* NULL: no memory */
trp_args *trp_args_ref(trp_args *args);
void trp_args_unref(const troupe_allocator *al, trp_args *args); /* NULL is fine */

typedef enum trp_job_state {
  TRP_JOB_QUEUED,
  TRP_JOB_RUNNING,
  TRP_JOB_DONE,
  TRP_JOB_TIMED_OUT,
  TRP_JOB_CANCELLED
} trp_job_state;

/* What the tool said; written by its thread before DONE, read by the owner after. */
typedef struct trp_job_result {
  troupe_outcome outcome;
  uint8_t *data; /* outcome OK; owned, len bytes */
  size_t len;
  uint64_t retry_after_ms;
  bool not_executed;
  char code[TRP_JOB_CODE_MAX];
  char message[TRP_JOB_MESSAGE_MAX];
} trp_job_result;

struct troupe_call {
  _Atomic uint32_t refs;

  /* constant after trp_job_new */
  troupe_system *sys;
  trp_loop *loop;
  trp_tool *tool;
  trp_grants *grants;
  trp_args *args;
  uint32_t attempt;
  size_t max_result; /* bytes */
  trp_permit permit;
  trp_msg *msg; /* to the caller's ledger item; its memory follows the job's */

  /* any thread */
  _Atomic bool cancelled;
  _Atomic bool ended; /* by the tool */

  /* under the tool's lock */
  trp_job_state state;
  uint64_t started_ns; /* 0: not yet */
  bool timed;          /* the attempt timeout has been recorded with the breaker */

  /* the tool's thread until DONE, then the owner's */
  trp_job_result result;
  void *tool_state;

  /* loop thread */
  bool closed; /* the executor has ended */
  trp_loop_task submit, finish, cancel;
  uv_work_t work;
};

/* An attempt with one reference. It refs grants and args; the permit is the job's when it succeeds.
 *   caller, item   where the result goes: a ledger item of this actor
 * NULL: no memory. Thread: owner. */
troupe_call *trp_job_new(troupe_system *sys, trp_loop *loop, trp_tool *tool, trp_grants *grants,
                         trp_args *args, uint32_t attempt, size_t max_result, trp_permit permit,
                         troupe_pid caller, uint64_t item);
void trp_job_unref(troupe_call *job); /* thread: any; NULL is fine */

/* Hands it to the loop, and so to its executor. tool->open counts it already. Thread: owner. */
void trp_job_submit(troupe_call *job);

/* The caller gives up, by its timeout (TRP_JOB_TIMED_OUT) or otherwise (TRP_JOB_CANCELLED).
 *   counts   with TIMED_OUT: the attempt had its time; the breaker hears of it at once. Without,
 * the tool's real end is recorded when it comes. Returns the state it was in: QUEUED (it never runs
 * now), RUNNING (told to hurry), DONE (too late: the message is on its way). Thread: owner. */
trp_job_state trp_job_leave(troupe_call *job, trp_job_state to, bool counts);

/* When it began to run, 0: not yet. Thread: any. */
uint64_t trp_job_started_ns(troupe_call *job);

#endif
