/* One runtime: configuration, start, stop, step, statistics. Several fit in one process. */
#ifndef TROUPE_SYSTEM_H
#define TROUPE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/error.h>
#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TROUPE_WORKERS_AUTO (-1)

/* Why a message was not handled. X(NAME, "name", "sentence") */
#define TROUPE_DEAD_MAP(X)                                                                         \
  X(NOPROC, "noproc", "the receiver had ended")                                                    \
  X(STOPPED, "stopped", "the receiver ended while the message was queued")                         \
  X(CRASHED, "crashed", "the receiver failed while handling the message")                          \
  X(MAILBOX_FULL, "mailbox_full", "the receiver's mailbox was full")                               \
  X(TOO_BIG, "too_big", "the message was larger than the receiver accepts")                        \
  X(EXPIRED, "expired", "its deadline passed before it was handled")                               \
  X(NO_HANDLER, "no_handler", "the receiver has no handler of that kind")                          \
  X(LATE_REPLY, "late_reply", "a reply to an ask that had ended")                                  \
  X(SENDER_GONE, "sender_gone", "the sender ended while the message was parked")                   \
  X(WOULD_DEADLOCK, "would_deadlock", "waiting for room could never have ended")                   \
  X(NO_MEMORY, "no_memory", "the system's memory was used up")                                     \
  X(OVERFLOW_NEW, "overflow_new", "the receiver's mailbox was full and drops what comes")          \
  X(OVERFLOW_OLD, "overflow_old", "the oldest message of a full mailbox, dropped for a new one")
typedef enum troupe_dead_reason {
#define X(name, lua, text) TROUPE_DEAD_##name,
  TROUPE_DEAD_MAP(X)
#undef X
      TROUPE_DEAD_COUNT
} troupe_dead_reason;
/* The name scripts see, "no_handler". A constant. Thread: any. */
TROUPE_API const char *troupe_dead_reason_name(troupe_dead_reason reason);

/* What is bounded, and what is counted each time the bound is met. X(NAME, "name", "what is
 * counted"). All limits, their defaults and options: docs/reference/limits.md. */
#define TROUPE_LIMIT_MAP(X)                                                                        \
  X(MEMORY_BYTES, "memory_bytes", "generations ended")                                             \
  X(MESSAGE_BYTES, "message_bytes", "messages, replies, arguments and results refused")            \
  X(CPU_MS_PER_MESSAGE, "cpu_ms_per_message", "generations ended")                                 \
  X(CPU_MS_PER_S, "cpu_ms_per_s", "times an actor had to wait")                                    \
  X(LOG_BYTES_PER_S, "log_bytes_per_s", "log lines dropped")                                       \
  X(LOAD_BYTES, "load_bytes", "texts refused by load")                                             \
  X(TIMERS, "timers", "timers, sleeps and waits refused")                                          \
  X(ASKS, "asks", "asks refused")                                                                  \
  X(ASK_TIMEOUT, "timeout_ms", "asks that had no answer in time")                                  \
  X(MONITORS, "monitors", "monitors refused")                                                      \
  X(REPLY_HANDLES, "reply_handles", "messages that could not be kept for a later answer")          \
  X(CALLS, "calls", "tool calls refused")                                                          \
  X(TASKS, "tasks", "times the last free one was taken")                                           \
  X(SPAWN, "spawn", "spawns refused: permissions.spawn was used up")                               \
  X(WIDER, "wider", "spawns refused: more was wanted than the spawning actor has")                 \
  X(MAX_ACTORS, "max_actors", "spawns refused")                                                    \
  X(SOURCE_BYTES, "max_source_bytes", "scripts refused")                                           \
  X(SYSTEM_MEMORY, "system_memory_bytes", "spawns, messages and blocks of heaps refused")
typedef enum troupe_limit {
#define X(name, lua, text) TROUPE_LIMIT_##name,
  TROUPE_LIMIT_MAP(X)
#undef X
      TROUPE_LIMIT_COUNT
} troupe_limit;
/* The name scripts see, "timers". A constant. Thread: any. */
TROUPE_API const char *troupe_limit_name(troupe_limit limit);

/* One message that was not handled. Everything is borrowed until the hook returns. */
typedef struct troupe_dead_letter {
  troupe_dead_reason reason;
  troupe_pid to, from;
  const char *kind; /* not NUL-terminated */
  size_t kind_len;
  const void *data;
  size_t len;
} troupe_dead_letter;

/* A mailbox has been filled to four fifths of its messages or bytes, or has drained again to a half
 * of both: once for each turn. */
typedef struct troupe_mailbox_event {
  troupe_pid actor;
  bool filled;     /* or drained */
  uint32_t queued; /* messages in it now */
  uint64_t queued_bytes;
  uint32_t most; /* its bounds */
  uint64_t most_bytes;
} troupe_mailbox_event;

/* Zero means the default, which the comment states; `workers` is the exception and is set by
 * TROUPE_CONFIG_INIT. Everything is copied; hooks' ctx pointers are borrowed until
 * troupe_system_free. */
typedef struct troupe_config {
  size_t size;   /* sizeof(troupe_config); TROUPE_CONFIG_INIT sets it */
  int workers;   /* worker threads; TROUPE_WORKERS_AUTO: one per core the process may use;
                    0: no threads at all, the host calls troupe_system_step */
  uint64_t seed; /* of every random choice; 0: from the operating system */
  const troupe_allocator *allocator; /* the C library's. Called from any thread. */

  /* Log lines, escaped, without newline; NULL: standard error. Called from any thread. */
  void (*log)(void *ctx, troupe_log_level level, const char *line, size_t len);
  void *log_ctx;
  troupe_log_level log_min; /* TROUPE_LOG_DEBUG is 0 and thus the default: everything */

  /* Monotonic time in ns; NULL: the machine's. For tests with a virtual clock (workers = 0). */
  uint64_t (*clock)(void *ctx);
  void *clock_ctx;

  /* Each dead letter, after it is counted; borrowed. Called from any thread; must not block. */
  void (*on_dead_letter)(void *ctx, const troupe_dead_letter *letter);
  void *on_dead_letter_ctx;

  /* Each turn of a mailbox; borrowed. Called from any thread, perhaps in the middle of a send: it
   * must neither block nor send. Two turns at nearly the same time may come in any order. */
  void (*on_mailbox)(void *ctx, const troupe_mailbox_event *event);
  void *on_mailbox_ctx;

  uint32_t max_actors;        /* 1,048,576 */
  uint32_t max_message_bytes; /* 1 MiB: payload of one message */
  uint32_t max_source_bytes;  /* 1 MiB, with workers = 0 64 KiB: text of one script; more is
                                 cut down to that */

  /* What all actors, messages and calls together may take: three quarters of the machine's memory,
   * or of the least limit of the process's control groups. The last eighth is not for new actors
   * and messages, the last sixteenth not for heaps of scripts: a spawn is refused with
   * TROUPE_E_LIMIT, a message with TROUPE_E_NO_MEMORY, a script that asks for more ends with
   * memory_limit. Libraries that tools call (SQLite, zlib) are not counted. */
  uint64_t memory_bytes;

  /* A script that overflows its worker's stack, which none is known to do, ends alone, as
   * `memory_limit: stack overflow`; false: the process does, as it does with a C behaviour or a
   * trusted script that overflows. Takes SIGSEGV and an alternate signal stack for each worker;
   * every other fault goes to whoever had the signal before. Given back with the last system that
   * asked for it. Nothing with workers = 0: that stack is the host's. */
  bool catch_stack_overflow;
} troupe_config;
#define TROUPE_CONFIG_INIT                                                                         \
  { .size = sizeof(troupe_config), .workers = TROUPE_WORKERS_AUTO }

/* Counters since the start. sent = handled + dead (all reasons but late_reply) + queued: a reply is
 * not counted as sent, as its ask is. */
typedef struct troupe_stats {
  uint64_t actors;  /* now */
  uint64_t spawned; /* ever */
  uint64_t sent;    /* tells and asks, refused ones included */
  uint64_t handled;
  uint64_t dead[TROUPE_DEAD_COUNT];
  uint64_t crashes; /* generations that ended abnormally */
  uint64_t restarts;
  uint64_t memory_bytes; /* now; workers keep up to 256 KiB each for what comes next */
  uint64_t memory_limit_bytes;
  uint64_t filled;                     /* times that a mailbox was filled to four fifths */
  uint64_t parked;                     /* sends that had to wait for room */
  uint64_t signals_dropped;            /* notices whose receiver was gone or no longer waited */
  uint64_t calls, call_failures;       /* tool calls and those that ended without a value */
  uint64_t retries;                    /* attempts after the first */
  uint64_t breaker_trips;              /* circuit breakers opened */
  uint64_t limits[TROUPE_LIMIT_COUNT]; /* how often each was met */
} troupe_stats;

/* Starts a runtime. *out is NULL on error.
 * Thread any. Returns TROUPE_OK, TROUPE_E_INVALID, or a libuv code (UV_ENOMEM, UV_EAGAIN). */
TROUPE_API int troupe_system_start(troupe_system **out, const troupe_config *cfg);

/* Stops in order: intake closed, every actor stopped from the leaves up in reverse start order,
 * each within its shutdown time; what has not ended by deadline_ms is killed. Calls in other
 * threads that need the system return TROUPE_E_SYSTEM_STOPPED from then on. May be called again.
 * Thread   a host thread that does not run actors.
 * Returns  TROUPE_OK: everything has stopped in order (or had before)
 *          TROUPE_E_EXPIRED: the deadline passed, what was left was killed; the system is stopped
 *          TROUPE_E_TIMEOUT: a worker is still inside an actor that cannot be stopped
 *          (troupe_system_free is then not allowed: the process should end). */
TROUPE_API int troupe_system_stop(troupe_system *sys, uint32_t deadline_ms);

/* Frees a stopped system. Nobody else may use it meanwhile or afterwards. NULL is fine. */
TROUPE_API void troupe_system_free(troupe_system *sys);

/* With workers = 0: runs what can run, for at most budget_ms (0: one slice).
 * Returns 1 when more is runnable, 0 when idle. Thread: one host thread at a time. */
TROUPE_API int troupe_system_step(troupe_system *sys, uint32_t budget_ms);

/* Milliseconds until the next timer (0: one is due), or -1: none. For hosts that step. */
TROUPE_API int64_t troupe_system_next_ms(troupe_system *sys);

/* The counters as they are now, each for itself. Thread: any. */
TROUPE_API void troupe_system_stats(troupe_system *sys, troupe_stats *out);

#ifdef __cplusplus
}
#endif
#endif
