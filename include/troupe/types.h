/* Types that all public headers share. */
#ifndef TROUPE_TYPES_H
#define TROUPE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#  define TROUPE_API __attribute__((visibility("default")))
#else
#  define TROUPE_API
#endif

/* One running set of actors, with its workers. A process may have several. */
typedef struct troupe_system troupe_system;

/* What a behaviour sees of the actor it runs in. */
typedef struct troupe_actor troupe_actor;

/* Names one logical actor for the whole life of its system; survives restarts, is never given out
 * twice. 0 names nobody. */
typedef struct troupe_pid {
  uint64_t id;
} troupe_pid;

/* Memory, in the shape of Lua's allocator. One function does all:
 *
 *   p NULL          allocates new_size bytes (old_size is 0)
 *   new_size 0      frees p, returns NULL
 *   otherwise       resizes p, which has old_size bytes
 *
 * Memory   old_size is always the size of the block exactly as it was requested.
 * Thread   any, also several at once.
 * Returns  NULL when there is no memory; p is then untouched. Blocks are aligned for every type.
 */
typedef struct troupe_allocator {
  void *(*realloc)(void *ctx, void *p, size_t old_size, size_t new_size);
  void *ctx;
} troupe_allocator;

typedef enum troupe_log_level {
  TROUPE_LOG_DEBUG,
  TROUPE_LOG_INFO,
  TROUPE_LOG_WARN,
  TROUPE_LOG_ERROR,
} troupe_log_level;

/* Why a generation of an actor ended. X(NAME, "name in Lua"). */
#define TROUPE_EXIT_MAP(X)                                                                         \
  X(NORMAL, "normal")                       /* it was done */                                      \
  X(SHUTDOWN, "shutdown")                   /* it was asked to stop */                             \
  X(ERROR, "error")                         /* a handler raised an error */                        \
  X(KILL, "kill")                           /* somebody asked for a kill; what links see */        \
  X(KILLED, "killed")                       /* it did not stop in time, or was killed */           \
  X(INIT_FAILED, "init_failed")             /* it failed while it started */                       \
  X(INIT_TIMEOUT, "init_timeout")           /* it did not start in time */                         \
  X(HANDLER_TIMEOUT, "handler_timeout")     /* a handler did not end in time */                    \
  X(MEMORY_LIMIT, "memory_limit")           /* its heap went over the hard limit */                \
  X(CPU_LIMIT, "cpu_limit")                 /* one message took too much processor time */         \
  X(LINKED, "linked")                       /* an actor it is linked to ended */                   \
  X(MAX_RESTARTS, "max_restarts")           /* a supervisor gave up */                             \
  X(HEALTH, "health")                       /* its health checks failed */                         \
  X(RESTART_REQUESTED, "restart_requested") /* it, or an operator, asked for a restart */          \
  X(NOPROC, "noproc")                       /* it had ended before it was monitored or linked */   \
  X(MAILBOX_OVERFLOW, "mailbox_overflow")   /* its mailbox was full and its policy is `stop` */

typedef enum troupe_exit_class {
#define TROUPE_EXIT_ENUM(name, lua_name) TROUPE_EXIT_##name,
  TROUPE_EXIT_MAP(TROUPE_EXIT_ENUM)
#undef TROUPE_EXIT_ENUM
} troupe_exit_class;

/* An exit reason. The strings are borrowed: valid until the function that received the struct
 * returns. */
typedef struct troupe_exit {
  troupe_exit_class class_;
  int code;              /* a TROUPE_E_ code, or 0 when the class says it all */
  const char *reason;    /* a sentence for people, or NULL */
  const char *traceback; /* where the error was raised, or NULL */
} troupe_exit;

/* The name scripts see, "memory_limit"; "unknown" for a number that is no class. A constant.
 * Thread: any. */
TROUPE_API const char *troupe_exit_class_name(troupe_exit_class c);

/* Whether supervisors count this end as success: NORMAL and SHUTDOWN only. Thread: any. */
TROUPE_API bool troupe_exit_is_clean(troupe_exit_class c);

#endif
