/* The limits of a script, in two tables: what app.lua, `spawn` and C may set, the defaults, and how
 * a child's are held against its parent's.
 *
 * A limit is inherited and only ever narrowed: a child that says nothing has the lesser of the
 * default and its parent's own; one that asks for more than its parent has is refused. So has each
 * descendant, however deep.
 *
 * Thread: any; pure. */
#ifndef TRP_SCRIPTING_LIMITS_H
#define TRP_SCRIPTING_LIMITS_H

#include <troupe/script.h>
#include <troupe/system.h>

#define TRP_SUBTREE_UNBOUND (UINT64_C(1) << 40) /* no account is kept for it */
#define TRP_CPU_UNBOUND UINT64_C(1024000)       /* ms in a second, of 1,024 workers: no throttle */

/* What `limits` holds. X(NAME, field, default, least, most, what it bounds). NAME is the
 * troupe_limit that counts how often it was met. The range is the operator's; its ends are guards:
 * below 64 KiB of heap not even the sandbox fits, over 64 KiB of text compiling may use up a C
 * stack. The units are in the names. */
#define TRP_LIMIT_MAP(X)                                                                           \
  X(MEMORY_BYTES, memory_bytes, UINT64_C(50) << 20, UINT64_C(64) << 10, UINT64_C(1) << 40,         \
    "bytes of heap")                                                                               \
  X(MEMORY_BYTES, subtree_memory_bytes, TRP_SUBTREE_UNBOUND, UINT64_C(64) << 10,                   \
    TRP_SUBTREE_UNBOUND, "bytes of heap of an actor and all it spawned")                           \
  X(MESSAGE_BYTES, message_bytes, UINT64_C(1) << 20, 1, INT32_MAX,                                 \
    "bytes in one message, argument or result, nested at most 32 levels deep")                     \
  X(CPU_MS_PER_MESSAGE, cpu_ms_per_message, 5000, 1, INT32_MAX,                                    \
    "ms of processor time in one callback")                                                        \
  X(CPU_MS_PER_S, cpu_ms_per_s, TRP_CPU_UNBOUND, 1, TRP_CPU_UNBOUND,                               \
    "ms of processor time in a second")                                                            \
  X(LOG_BYTES_PER_S, log_bytes_per_s, UINT64_C(64) << 10, 1, INT32_MAX,                            \
    "bytes of log lines in a second")                                                              \
  X(LOAD_BYTES, load_bytes, UINT64_C(64) << 10, 1, UINT64_C(64) << 10, "bytes of text for load")   \
  X(TIMERS, timers, 1000, 1, 1000000, "open timers, sleeps and waits with a timeout")              \
  X(ASKS, asks, 1000, 1, 1000000, "open asks")                                                     \
  X(MONITORS, monitors, 1000, 1, 1000000, "monitors")                                              \
  X(REPLY_HANDLES, reply_handles, 1000, 1, 1000000, "asks kept for a later answer")                \
  X(CALLS, calls, 64, 1, 10000, "open tool calls")                                                 \
  X(TASKS, tasks, 1000, 1, 100000, "handlers at work")

/* What stands beside `limits` in a spec and is narrowed in the same way. X(field, path, default) */
#define TRP_BOUND_MAP(X)                                                                           \
  X(mailbox_messages, "mailbox.messages", 1000)                                                    \
  X(mailbox_bytes, "mailbox.bytes", UINT64_C(16) << 20)                                            \
  X(init_timeout_ms, "init_timeout_ms", 30000)                                                     \
  X(shutdown_ms, "shutdown_ms", 5000)

typedef struct trp_limits { /* of times TROUPE_INFINITY is the widest */
#define X(NAME, field, standard, least, most, what) uint64_t field;
  TRP_LIMIT_MAP(X)
#undef X
#define X(field, path, standard) uint64_t field;
  TRP_BOUND_MAP(X)
#undef X
} trp_limits;

enum { TRP_LIMIT_TEXT = 256 };

/* What a script asks for; zeros ask for nothing. */
trp_limits trp_limits_of(const troupe_script *want);

/* Fills in the defaults: no zeros are left.
 *   parent   of the spawning actor, complete; or NULL at the top
 *   system_max_message_bytes   caps message_bytes, whoever asks */
void trp_limits_complete(trp_limits *limits, const trp_limits *parent,
                         uint64_t system_max_message_bytes);

/* Whether a limit is over its range, or wider than the parent's, and a sentence that says which.
 * Zeros ask for nothing. */
bool trp_limits_outside(const trp_limits *limits, char *text, size_t text_len);
bool trp_limits_wider(const trp_limits *limits, const trp_limits *parent, char *text,
                      size_t text_len);

/* "limits.timers: no more than 1000 open timers ...; use less, or raise the limit" */
void trp_limits_say(const trp_limits *limits, troupe_limit which, char *text, size_t text_len);

#endif
