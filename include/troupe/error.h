/* Error codes: 0 is success, errors are negative. Codes of libuv (negated errno values on Unix)
 * pass through unchanged; Troupe's own begin at -10001. Each has one C name and one name in Lua. */
#ifndef TROUPE_ERROR_H
#define TROUPE_ERROR_H

#include <errno.h>

#include <troupe/types.h>

/* X(NAME, value, "name in Lua", "sentence"). Values never change once released; new ones go to the
 * end. */
#define TROUPE_ERROR_MAP(X)                                                                        \
  X(NOPROC, -10001, "noproc", "the actor has already ended")                                       \
  X(STOPPED, -10002, "stopped", "the actor ended while the caller waited")                         \
  X(SYSTEM_STOPPED, -10003, "system_stopped", "the system has been stopped")                       \
  X(WOULD_DEADLOCK, -10004, "would_deadlock", "waiting would close a cycle of waiting actors")     \
  X(CRASHED, -10005, "crashed", "the actor failed while it handled the message")                   \
  X(TIMEOUT, -10006, "timeout", "no answer came in time")                                          \
  X(EXPIRED, -10007, "expired", "the deadline passed before the message was handled")              \
  X(MAILBOX_FULL, -10008, "mailbox_full", "the receiver's mailbox is full")                        \
  X(DROPPED, -10009, "dropped", "the receiver's mailbox is full and dropped the message")          \
  X(TOO_BIG, -10010, "too_big", "the data is larger than its limit")                               \
  X(REPLY_TOO_BIG, -10011, "reply_too_big", "the reply does not fit the asking actor's mailbox")   \
  X(NO_HANDLER, -10012, "no_handler", "the actor has no handler for this kind of message")         \
  X(BROKEN_PROMISE, -10013, "broken_promise", "nobody is left who could answer")                   \
  X(DENIED, -10014, "denied", "the caller has no permission for this")                             \
  X(LIMIT, -10015, "limit", "a limit has been reached")                                            \
  X(INVALID, -10016, "invalid", "bad argument")                                                    \
  X(SCRIPT, -10017, "script", "the script does not load")                                          \
  X(ALREADY_REGISTERED, -10018, "already_registered", "the name is already taken")                 \
  X(NOT_FOUND, -10019, "not_found", "there is nothing of this name")                               \
  X(INIT_FAILED, -10020, "init_failed", "the actor failed while it started")                       \
  X(CIRCUIT_OPEN, -10021, "circuit_open", "the tool failed too often and is not called for now")   \
  X(CANCELLED, -10022, "cancelled", "the operation was cancelled")                                 \
  X(TOOL, -10023, "tool", "the tool reported an error")                                            \
  X(FORMAT, -10024, "format", "bytes are not a valid encoded value")                               \
  X(MAX_RESTARTS, -10025, "max_restarts", "the supervisor gave up after too many restarts")        \
  X(ERROR, -10026, "error", "the handler raised an error")                                         \
  X(NO_MEMORY, -ENOMEM, "no_memory", "out of memory")

enum {
  TROUPE_OK = 0,
  TROUPE_PENDING = 1, /* not an error: the result comes later */
#define TROUPE_ERROR_ENUM(name, value, lua_name, sentence) TROUPE_E_##name = (value),
  TROUPE_ERROR_MAP(TROUPE_ERROR_ENUM)
#undef TROUPE_ERROR_ENUM
};

/* A sentence for people. Codes of the operating system get its text, in English.
 * Never NULL; a constant. Thread: any. */
TROUPE_API const char *troupe_strerror(int err);

/* The name scripts see in the field `code` of an error: "noproc"; "ok" and "pending" for the two
 * codes that are no errors, "system" for codes of the operating system, "unknown" for any other
 * number. Never NULL; a constant. Thread: any. */
TROUPE_API const char *troupe_err_name(int err);

#endif
