/* Tools: C functions that may block or do I/O, called by actors through policies.
 *
 * A call passes: the caller's permission, total deadline, retry (with its budget), circuit breaker,
 * attempt timeout, executor. Breaker and retry are on for every tool unless `preset_none`.
 * Arguments and results are one msgpack value each.
 *
 * A tool that hangs is given up by its caller, but keeps its thread and its place among the
 * `max_open` attempts until it really ends: libuv's threads cannot be interrupted.
 */
#ifndef TROUPE_TOOL_H
#define TROUPE_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/actor.h>
#include <troupe/error.h>
#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an attempt ended; decides retry, breaker and what the caller sees. X(NAME, "name")
 *   OK         it worked
 *   TRANSIENT  may work next time; counts against the tool's health
 *   TIMEOUT    no result in time; counts
 *   THROTTLED  the service asked for patience; does not count
 *   PERMANENT  will not work next time either and says nothing about the tool's health
 *   CANCELLED  the caller is gone or gave up
 *   REJECTED   never executed: circuit open, no permission, expired, bad arguments
 */
#define TROUPE_OUTCOME_MAP(X)                                                                      \
  X(OK, "ok")                                                                                      \
  X(TRANSIENT, "transient")                                                                        \
  X(TIMEOUT, "timeout")                                                                            \
  X(THROTTLED, "throttled")                                                                        \
  X(PERMANENT, "permanent")                                                                        \
  X(CANCELLED, "cancelled")                                                                        \
  X(REJECTED, "rejected")
typedef enum troupe_outcome {
#define X(name, lua) TROUPE_OUTCOME_##name,
  TROUPE_OUTCOME_MAP(X)
#undef X
} troupe_outcome;
TROUPE_API const char *troupe_outcome_name(troupe_outcome outcome);

/* The class of a system error (negative errno, as libuv's codes): EIO, EMFILE, ENFILE, ENOMEM,
 * EAGAIN, EINTR, EBUSY, ETIMEDOUT and connection errors are TRANSIENT; every other one is
 * PERMANENT. */
TROUPE_API troupe_outcome troupe_outcome_of_errno(int err);

typedef struct troupe_call troupe_call; /* one attempt; valid until it is finished or failed */

/* What a tool does. Exactly one of run and start is set. Each attempt is to be ended by exactly one
 * troupe_call_finish or troupe_call_fail; a `run` that returns without either has failed.
 *
 * `cancel` is called once when the caller no longer waits, and not after an attempt that ends on
 * the loop thread has ended. A tool that ends attempts on other threads must expect it to cross the
 * end: it then touches only what lives as long as `user`. Cancelled attempts must be ended as well.
 */
typedef struct troupe_tool_ops {
  size_t size;
  void (*run)(troupe_call *call, void *user);   /* on a pool thread; may block */
  void (*start)(troupe_call *call, void *user); /* on the loop thread; must not block; ends later */
  void (*cancel)(troupe_call *call, void *user); /* loop thread; may be NULL */
  void (*free)(void *user);                      /* when the system is freed; may be NULL */
} troupe_tool_ops;

/* Policy of one tool. Zero means the default, which the comment states. */
typedef struct troupe_tool_policy {
  size_t size;
  bool preset_none; /* no retry and no breaker */
  bool idempotent;  /* a second execution does no harm: timeouts and transient failures are retried.
                       Otherwise only what proves non-execution is. */
  bool retry_unsafe;   /* retry although not idempotent; logged */
  bool checks_itself;  /* any actor may call it: the tool asks troupe_call_open and the like */
  uint32_t attempt_ms; /* one execution, and likewise the wait for a thread before it; 30,000 */
  uint32_t total_ms;   /* the whole call with its retries; none */
  uint32_t attempts;   /* 3, the first included */
  uint32_t base_ms;    /* 100 */
  uint32_t max_ms;     /* 30,000 */
  double factor;       /* 2 */
  uint32_t breaker_failures; /* 5 in a row */
  uint32_t breaker_open_ms;  /* 60,000 */
  uint32_t breaker_probes;   /* 3 */
  uint32_t max_open; /* attempts under way at once, waiting or hanging ones included; 1,000 for
                        `run`, 100 for `start` */
  uint32_t max_result_bytes; /* the system's max_message_bytes, which is also the most. A script's
                                own limit on messages holds besides. */
} troupe_tool_policy;

/* Makes a tool callable under a name (1 to 64 bytes). policy may be NULL: all defaults.
 *
 * Memory   copies everything; takes user when it returns TROUPE_OK (ops->free), not otherwise.
 * Thread   any. Tools cannot be taken away again.
 * Returns  TROUPE_OK; TROUPE_E_ALREADY_REGISTERED; TROUPE_E_INVALID with a sentence in msg (may be
 *          NULL, 0), for example for attempts > 1 on a tool that is not idempotent; TROUPE_E_LIMIT
 *          (1,000 tools); UV_ENOMEM
 */
TROUPE_API int troupe_tool_register(troupe_system *sys, const char *name,
                                    const troupe_tool_ops *ops, void *user,
                                    const troupe_tool_policy *policy, char *msg, size_t msg_len);

/* How a tool is doing. */
typedef struct troupe_tool_info {
  size_t size;
  const char *breaker; /* "closed", "open", "half_open" */
  uint64_t trips;      /* times it opened */
  uint64_t late;       /* results nobody waited for any more */
  uint32_t open;       /* attempts under way */
  uint32_t orphans;    /* of these: their caller has given up */
} troupe_tool_info;

/* Thread any. Returns TROUPE_OK or TROUPE_E_NOT_FOUND. */
TROUPE_API int troupe_tool_read_info(troupe_system *sys, const char *name, troupe_tool_info *out);

/* ---- calling, from a behaviour in C; thread: owner ----------------------------------------- */

/* Why a call has no value. Borrowed until `resume` returns.
 *
 *   code   "not_found", "denied", "circuit_open", "timeout", "queue_timeout" (no thread got free),
 *          "bulkhead_full" (max_open), "no_memory", "too_big", "no_result", "system" (the attempt
 *          could not begin), or what the tool said: "ENOENT", "corrupt", …
 */
typedef struct troupe_call_failure {
  troupe_outcome outcome;
  const char *code;
  const char *message;
  const char *tool;
  uint32_t attempts;       /* made; 0: never executed */
  uint64_t retry_after_ms; /* when it makes sense to try again; 0: unknown; UINT64_MAX: never */
  bool retryable;          /* of a kind that may go away by itself */
  bool budget_exhausted;   /* it would have been retried, but too many calls fail */
} troupe_call_failure;

typedef struct troupe_call_opts {
  size_t size;
  uint32_t timeout_ms;          /* of the whole call, at most the tool's total_ms; 0: that alone */
  struct troupe_grants *grants; /* what the call may do (troupe/grants.h), sealed; NULL: nothing */
  void *user;                   /* comes back in the event */
} troupe_call_opts;

/* Starts a call. On TROUPE_OK *id names it and `resume` is called exactly once for it, after this
 * has returned, unless the generation ends first:
 *
 *   event->code   TROUPE_OK: data and len are the result value. TROUPE_E_NOT_FOUND, _DENIED,
 *                 _CIRCUIT_OPEN, _TIMEOUT, _NO_MEMORY, _TOOL (everything else): data points to a
 *                 troupe_call_failure, and detail is its message
 *
 *   args   one msgpack value, at most the system's max_message_bytes
 *
 * Memory   copies args; references the grants.
 * Returns  TROUPE_OK, or TROUPE_E_INVALID, TROUPE_E_TOO_BIG, TROUPE_E_LIMIT (64 open calls),
 *          UV_ENOMEM; *id is then 0 and no event comes
 */
TROUPE_API int troupe_actor_call(troupe_actor *self, const char *tool, const void *args, size_t len,
                                 const troupe_call_opts *opts, uint64_t *id);

/* Gives a call up: no event comes. What runs is told to hurry, its result dropped. True: it was
 * open.
 */
TROUPE_API bool troupe_actor_cancel_call(troupe_actor *self, uint64_t id);

/* ---- inside a tool; thread: the one that runs it, unless stated ---------------------------- */

TROUPE_API const void *troupe_call_args(const troupe_call *call, size_t *len);
TROUPE_API uint32_t troupe_call_attempt(const troupe_call *call); /* 1, 2, … */
TROUPE_API size_t troupe_call_max_result(const troupe_call *call);
TROUPE_API troupe_system *troupe_call_system(const troupe_call *call);
TROUPE_API bool
troupe_call_cancelled(const troupe_call *call); /* any thread; poll it in long work */

/* A place for the tool's own pointer, NULL at first; for `start` and `cancel`. */
TROUPE_API void *troupe_call_state(const troupe_call *call);
TROUPE_API void troupe_call_set_state(troupe_call *call, void *state);

/* What the calling actor may do. Every path and program a tool touches on an actor's behalf goes
 * through these. troupe_call_open opens a path beneath a granted directory: `flags` and `mode` as
 * for open(2), *fd is -1 on an error; UV_EACCES: not granted. It may block. */
TROUPE_API int troupe_call_open(const troupe_call *call, const char *path, size_t len, int flags,
                                unsigned mode, int *fd);
/* The directory that holds the path's last component, for calls such as renameat; O_PATH. With
 * `write` it must be granted for writing. `name` receives the component, of NAME_MAX + 1 bytes. */
TROUPE_API int troupe_call_open_parent(const troupe_call *call, const char *path, size_t len,
                                       bool write, int *fd, char *name);
TROUPE_API bool troupe_call_may_exec(const troupe_call *call, const char *program, size_t len);

/* End the attempt. Thread any. data is copied; over max_result it becomes a PERMANENT failure
 * "too_big". A second end is ignored. */
TROUPE_API void troupe_call_finish(troupe_call *call, const void *data, size_t len);
/* `code` is the field "code" scripts see ("ENOENT", "corrupt"…; at most 31 bytes), message one
 * sentence (at most 255 bytes); both copied and cut to that. */
TROUPE_API void troupe_call_fail(troupe_call *call, troupe_outcome outcome, const char *code,
                                 const char *message);
/* The same for a system error: its class, its name as code, and "what: its text" as message. */
TROUPE_API void troupe_call_fail_errno(troupe_call *call, int err, const char *what);

/* Said before troupe_call_fail: when the service wants to be asked again (UINT64_MAX: never), and
 * that the failure proves that nothing was executed, so that any tool may be retried. */
TROUPE_API void troupe_call_set_retry_after(troupe_call *call, uint64_t ms);
TROUPE_API void troupe_call_set_not_executed(troupe_call *call);

#ifdef __cplusplus
}
#endif
#endif
