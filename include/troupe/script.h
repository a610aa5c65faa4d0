/* Actors written in Lua. Each runs in a Lua state and a heap of its own, in a sandbox, with limits.
 */
#ifndef TROUPE_SCRIPT_H
#define TROUPE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/actor.h>
#include <troupe/error.h>
#include <troupe/grants.h>
#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What one script may use. Zero means the default, which the comment states. */
typedef struct troupe_script_limits {
  uint64_t memory_bytes; /* 50 MiB: its heap; going over it ends the generation: memory_limit */
  uint64_t subtree_memory_bytes; /* none: the same of the actor and all that it spawned, together;
                                    going over it ends the one that does */
  uint64_t message_bytes;        /* 1 MiB: one message, reply, argument or tool result; at most the
                                    system's max_message_bytes */
  uint64_t cpu_ms_per_message;   /* 5,000: processor time of one callback; over it the generation
                                    ends: cpu_limit. Not with workers = 0 */
  uint64_t log_bytes_per_s; /* 64 KiB; what is over it is dropped, with one line that says so */
  uint64_t cpu_ms_per_s;  /* 1,024,000, which is all there can be: processor time in each second, of
                             the actor and all that it spawned together; over it they wait */
  uint64_t load_bytes;    /* 64 KiB, the most: one text for `load` */
  uint64_t timers;        /* 1,000: open timers, sleeps and waits with a timeout */
  uint64_t asks;          /* 1,000: asks that wait for their answer */
  uint64_t monitors;      /* 1,000 */
  uint64_t reply_handles; /* 1,000: asks kept for a later answer */
  uint64_t calls;         /* 64: tool calls under way */
  uint64_t tasks;         /* 1,000: handlers at work; further messages wait */
} troupe_script_limits;

/* A script to run. Zero means the default, which the comment states. Exactly one of path and source
 * is set. Everything is copied. */
typedef struct troupe_script {
  size_t size;        /* sizeof(troupe_script); TROUPE_SCRIPT_INIT sets it */
  const char *path;   /* a file, of at most the system's max_source_bytes; read once for each
                         system */
  const char *source; /* text instead; NUL-terminated when source_len is 0 */
  size_t source_len;
  const char *chunk_name; /* of source, in error messages; "script" */
  const char *root; /* where `require` and `spawn` find files; the file's folder. Source: none */
  const char *name; /* registered name; none */
  const void *args; /* one msgpack value: `init(args)` of a behaviour, `...` of a process; nil */
  size_t args_len;
  troupe_script_limits limits;
  troupe_grants *grants;     /* what it may do; sealed; borrowed until return; NULL: nothing */
  uint32_t mailbox_messages; /* 1,000 */
  uint64_t mailbox_bytes;    /* 16 MiB */
  bool trusted;              /* as trusted as the host's own code: Lua's full libraries */
  troupe_overflow overflow;  /* of the mailbox; TROUPE_OVERFLOW_WAIT */
  troupe_priority priority;  /* TROUPE_PRIORITY_NORMAL; what it spawns is normal */
  uint32_t init_timeout_ms;  /* 30,000; TROUPE_INFINITY: none */
  uint32_t shutdown_ms;      /* 5,000; TROUPE_INFINITY: none */
  char *msg; /* receives one sentence about an error: file, line, what; may be NULL */
  size_t msg_len;
} troupe_script;
#define TROUPE_SCRIPT_INIT                                                                         \
  { .size = sizeof(troupe_script) }

/* Starts a script as an actor at top level. It is read and compiled now, and begins later, on a
 * worker.
 *
 * Messages  a payload is one msgpack array of arguments; a reply is one msgpack value, and no
 *           payload stands for nil
 * Memory    copies everything; the script takes a reference of its own to the grants
 * Thread    any host thread; reads a file
 * Returns   TROUPE_OK; TROUPE_E_SCRIPT (it does not compile, is no text, is too large); a libuv
 *           code when the file cannot be read; or as troupe_spawn. *out is 0 on an error.
 */
TROUPE_API int troupe_spawn_script(troupe_system *sys, troupe_pid *out,
                                   const troupe_script *script);

/* Checks that a script can be read and compiles; starts nothing. Thread and errors as above. */
TROUPE_API int troupe_check_script(troupe_system *sys, const troupe_script *script);

#ifdef __cplusplus
}
#endif
#endif
