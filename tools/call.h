/* Tool calls of actors: permission, total deadline, retry, breaker, attempt timeout, executor.
 *
 * A call is an item of the calling actor's ledger; everything but the attempt itself happens on the
 * owner's thread:
 *
 *   ATTEMPT  --result, or its time is up--> ENDED, or (retry granted) SLEEPING, or ATTEMPT again
 *   SLEEPING --delay over--> ATTEMPT
 *   REFUSED  --next turn--> ENDED        decided at the start: no such tool, denied, circuit open
 *   any      --cancelled, generation ends--> gone, without an event
 *
 *   I1  ATTEMPT has a job, the other states have none
 *   I2  every state but ATTEMPT with a finished job has a deadline, so every call ends
 *   I3  the result of an attempt that was left never reaches the actor: the job dropped it
 *
 * Thread: owner; inside a native half when actor code calls. */
#ifndef TRP_TOOLS_CALL_H
#define TRP_TOOLS_CALL_H

#include <troupe/tool.h>

#include "actors/actor.h"
#include "tools/grants.h"

#define TRP_CALLS_MAX 64 /* open calls of one actor */

typedef struct trp_call_opts {
  uint32_t timeout_ms;     /* of the whole call, at most the tool's total_ms; 0: that alone */
  size_t max_result_bytes; /* the caller's own limit, besides the tool's; 0: none */
  void *user;              /* comes back in the event */
} trp_call_opts;

/* What event.data points to when event.code is not TROUPE_OK (and event.len is its size). */
typedef struct troupe_call_failure trp_call_failure;

/* Starts a call, as troupe_actor_call. On TROUPE_OK *id names it and the behaviour's `resume` is
 * called exactly once for it, never before this returns, unless it is cancelled or the generation
 * ends first:
 *
 *   event.code   TROUPE_OK: data, len are the result value. TROUPE_E_NOT_FOUND, _DENIED,
 *                _CIRCUIT_OPEN, _TIMEOUT, _NO_MEMORY, _TOOL (everything else): data is a
 *                trp_call_failure
 *   event.detail the failure's message
 *
 *   grants   what the caller may do; borrowed, the call takes a reference; NULL: nothing
 *   args     one msgpack value; copied
 *   opts     may be NULL
 *
 * Returns  TROUPE_OK, or TROUPE_E_INVALID (bad name), TROUPE_E_TOO_BIG (args), TROUPE_E_LIMIT
 *          (TRP_CALLS_MAX), TROUPE_E_SYSTEM_STOPPED, UV_ENOMEM; then *id is 0 and no event comes
 */
int trp_call_start(troupe_actor *a, const char *name, size_t name_len, trp_grants *grants,
                   const void *args, size_t len, const trp_call_opts *opts, uint64_t *id);

/* Giving a call up is troupe_actor_cancel_call. */

#endif
