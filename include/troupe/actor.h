/* Actors: what a behaviour written in C sees, and the verbs that act on any actor.
 *
 * A *logical actor* is a pid, an optional name, a mailbox and a place under a parent. Each
 * (re)start is a new *generation* with fresh state; pid, name and mailbox survive restarts.
 *
 * Threads   `owner` below means: from inside a callback of this actor, which the runtime runs on
 * one worker at a time. `any` means any thread, also a host's. C behaviours are trusted code: a
 * callback that never returns holds its worker for ever.
 */
#ifndef TROUPE_ACTOR_H
#define TROUPE_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/error.h>
#include <troupe/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct troupe_info troupe_info; /* troupe/info.h */

#define TROUPE_KIND_MAX 64 /* bytes in a message's kind; at least 1 */
#define TROUPE_SKIP 2      /* what `receive` may return */

/* What `receive` is called for. */
typedef enum troupe_message_type {
  TROUPE_MESSAGE_TELL,  /* nobody waits for an answer */
  TROUPE_MESSAGE_ASK,   /* the sender waits: see troupe_actor_reply */
  TROUPE_MESSAGE_DOWN,  /* a monitored actor is gone for good; `id` is the monitor, `reason` why */
  TROUPE_MESSAGE_TIMER, /* a timer of troupe_actor_timer fired; `id` and `user` are the timer's */
} troupe_message_type;

/* One delivery. Everything is borrowed until the callback returns. Only TELL and ASK can be sent by
 * others; DOWN and TIMER come from the runtime alone and cannot be forged. */
typedef struct troupe_message {
  troupe_message_type type;
  troupe_pid from; /* the sender; a host's TELL: 0; a host's ASK: an actor of the runtime, which has
                      no handlers; DOWN: the actor that ended */
  const char *kind; /* TELL, ASK: 1 to 64 bytes, NUL-terminated here; "" otherwise */
  size_t kind_len;
  const void *data; /* the payload */
  size_t len;
  uint64_t id;               /* DOWN: the monitor; TIMER: the timer */
  void *user;                /* TIMER: what troupe_actor_timer was given */
  uint64_t missed;           /* TIMER with a period: ticks merged into this one */
  const troupe_exit *reason; /* DOWN */
} troupe_message;

/* The end of something the actor started and waits for: an ask, a parked tell, a sleep, a tool
 * call. */
typedef struct troupe_event {
  uint64_t id;      /* what the starting call returned through its out-parameter */
  void *user;       /* what the starting call was given */
  int code;         /* TROUPE_OK, or why there is no result */
  const void *data; /* the reply's payload, borrowed; NULL when code is an error */
  size_t len;
  const char *detail; /* a sentence about an error, NUL-terminated, or NULL */
  const troupe_exit
      *reason; /* with TROUPE_E_CRASHED and _STOPPED: how the other one ended, or NULL */
} troupe_event;

typedef enum troupe_child_event {
  TROUPE_CHILD_STARTED, /* its init has succeeded */
  TROUPE_CHILD_EXITED,  /* its generation ended: answer with troupe_child_restart or _release */
  TROUPE_CHILD_GONE,    /* released and gone for good; the handle is freed after this call */
} troupe_child_event;

/* The edge from a parent to one child; owned by the runtime, valid until GONE. Thread: owner. */
typedef struct troupe_child troupe_child;

/* The callbacks of a behaviour. Each may be NULL except `receive`. All run on the owner thread. */
typedef struct troupe_behavior {
  size_t size;      /* sizeof(troupe_behavior) */
  const char *name; /* for logs */

  /* Begins a generation. `arg` is the spawn's, borrowed.
   * Returns TROUPE_OK when started; TROUPE_PENDING when troupe_actor_started will be called later
   * (no message is delivered until then); or an error, which ends the generation as init_failed. */
  int (*init)(troupe_actor *self, void *arg);

  /* Handles one message.
   * Returns TROUPE_OK; TROUPE_SKIP to leave it (not a TIMER) in the mailbox, where it stays in
   * order and is offered again after troupe_actor_rescan; or an error, which ends the generation.
   */
  int (*receive)(troupe_actor *self, const troupe_message *message);

  /* Something the actor waited for has ended; exactly once for each call that returned an id. */
  void (*resume)(troupe_actor *self, const troupe_event *event);

  /* A child's news. Without this callback children are released as they exit. */
  void (*child)(troupe_actor *self, troupe_child *child, troupe_child_event event);

  /* The generation is to end in order: asked from outside, by troupe_actor_exit, or after a
   * failure. Not called for a kill or an exceeded limit. Returns TROUPE_OK when done, or
   * TROUPE_PENDING when troupe_actor_stopped will be called later; the spawn's shutdown_ms bounds
   * that time. */
  int (*stop)(troupe_actor *self, const troupe_exit *why);
  /* Whether `stop` is also called while `init` is TROUPE_PENDING; otherwise such a generation just
   * ends. */
  bool stops_pending;

  /* The generation has ended in order: gives back what only the actor's own code can. Called after
   * `stop`, or instead where there was nothing to stop; not for a kill or an exceeded limit. */
  void (*close)(troupe_actor *self);

  /* The tick asks the running callback to give way. Runs in a signal handler, on the thread that is
   * inside the callback: async-signal-safe operations only. May do nothing. */
  void (*preempt)(troupe_actor *self);
  /* Continues a callback that gave way with trp_actor_preempted. */
  void (*go_on)(troupe_actor *self);

  /* Somebody asks how the actor is (troupe/info.h): adds what only the behaviour knows. Called
   * between callbacks, in any phase in which the state is set; only reads. */
  void (*info)(troupe_actor *self, troupe_info *info);

  /* The generation has ended, however it did: release its state. Runs no user code. */
  void (*fini)(troupe_actor *self);
} troupe_behavior;

/* What a full mailbox makes of one message more. X(NAME, "name in Lua", "sentence") */
#define TROUPE_OVERFLOW_MAP(X)                                                                     \
  X(WAIT, "wait", "the sender waits for room, up to its wait_ms, or is refused")                   \
  X(FAIL, "fail", "it is refused: mailbox_full")                                                   \
  X(DROP_NEW, "drop_new", "it is dropped, and the sender told: dropped")                           \
  X(DROP_OLD, "drop_old", "the oldest message of normal priority is dropped for it")               \
  X(STOP, "stop", "it is refused: mailbox_full; and the receiver ends: mailbox_overflow")
typedef enum troupe_overflow {
#define X(NAME, name, text) TROUPE_OVERFLOW_##NAME,
  TROUPE_OVERFLOW_MAP(X)
#undef X
} troupe_overflow;
/* "drop_old"; NULL for what is no policy. A constant. Thread: any. */
TROUPE_API const char *troupe_overflow_name(troupe_overflow overflow);

/* Of messages (troupe_send_opts) and of actors (troupe_spawn_opts). */
typedef enum troupe_priority { TROUPE_PRIORITY_NORMAL, TROUPE_PRIORITY_HIGH } troupe_priority;

/* What spawning takes. Zero means the default, which the comment states. */
typedef struct troupe_spawn_opts {
  size_t size;                     /* sizeof(troupe_spawn_opts); TROUPE_SPAWN_INIT sets it */
  const troupe_behavior *behavior; /* borrowed for the actor's life */
  void *arg;                       /* handed to each init */
  void (*arg_free)(void *arg);     /* called once when the actor is gone, or when the spawn fails */
  const char *name;                /* registered before the first init; copied; NULL: none */
  uint32_t mailbox_messages;       /* 1,000 */
  uint64_t mailbox_bytes;          /* 16 MiB */
  troupe_overflow overflow;        /* of the mailbox; TROUPE_OVERFLOW_WAIT */
  /* High: goes before actors of normal priority, which have at least 1 turn in 33. */
  troupe_priority priority;
  uint32_t init_timeout_ms; /* 30,000; TROUPE_INFINITY: none */
  uint32_t shutdown_ms;     /* 5,000; TROUPE_INFINITY: none; at least 1, as 0 is the default */
  void *user;               /* for the parent: troupe_child_user */
} troupe_spawn_opts;
#define TROUPE_SPAWN_INIT                                                                          \
  { .size = sizeof(troupe_spawn_opts) }

#define TROUPE_INFINITY UINT32_MAX

/* Starts an actor at top level, under the system's guardian. Its init runs later, on a worker.
 *
 * Memory   copies opts and name; takes opts->arg, also on failure (arg_free is called).
 * Thread   any.
 * Returns  TROUPE_OK, or TROUPE_E_INVALID, TROUPE_E_ALREADY_REGISTERED, TROUPE_E_SYSTEM_STOPPED,
 *          TROUPE_E_LIMIT (too many actors), UV_ENOMEM
 */
TROUPE_API int troupe_spawn(troupe_system *sys, troupe_pid *out, const troupe_spawn_opts *opts);

/* Puts a message into another actor's mailbox, from a host thread.
 *
 *   to     the receiver; a pid of an actor that has ended is allowed
 *   kind   1 to 64 bytes
 *   data   the payload, len bytes; may be NULL when len is 0. Scripts expect one msgpack array of
 *          arguments, and take no payload for no arguments.
 *
 * Memory   copies kind and data.
 * Order    messages from one sender to one receiver arrive in the order sent.
 * Thread   any; never blocks.
 * Returns  TROUPE_OK, or TROUPE_E_NOPROC, TROUPE_E_MAILBOX_FULL (a host thread never waits for
 * room), TROUPE_E_DROPPED, TROUPE_E_TOO_BIG, TROUPE_E_INVALID, TROUPE_E_SYSTEM_STOPPED, UV_ENOMEM.
 * A refused message is a dead letter (unless there was no memory for it).
 */
TROUPE_API int troupe_tell(troupe_system *sys, troupe_pid to, const char *kind, const void *data,
                           size_t len);

/* Bytes for many messages: they are copied once, whoever they are sent to; each receiver's mailbox
 * is charged for all of them, as if it had a copy. For actors of this system, and to be let go of
 * before it is freed.
 *
 *   len   at most the system's max_message_bytes
 *
 * Memory   copies data; messages keep what they need of it. *out is the caller's: one unref.
 * Thread   any, also several at once.
 * Returns  TROUPE_OK, or TROUPE_E_TOO_BIG, TROUPE_E_INVALID, UV_ENOMEM */
typedef struct troupe_payload troupe_payload;
TROUPE_API int troupe_payload_new(troupe_system *sys, const void *data, size_t len,
                                  troupe_payload **out);
/* Lets go of it. NULL is fine. */
TROUPE_API void troupe_payload_unref(troupe_payload *payload);
/* troupe_tell with it. */
TROUPE_API int troupe_tell_payload(troupe_system *sys, troupe_pid to, const char *kind,
                                   troupe_payload *payload);

typedef struct troupe_ask_opts {
  size_t size;         /* sizeof(troupe_ask_opts) */
  uint32_t timeout_ms; /* 30,000; TROUPE_INFINITY: none */
} troupe_ask_opts;

/* The answer of an ask, on a worker thread (deliver it where you need it). Called exactly once for
 * each troupe_ask that returned TROUPE_OK, also when the system stops. */
typedef void (*troupe_on_reply)(void *ctx, const troupe_event *event);

/* Asks from a host thread. opts may be NULL. An actor that has ended, a full mailbox and the like
 * are told by the event.
 *
 * Memory   copies kind and data. The event is borrowed until on_reply returns.
 * Thread   any; never blocks. on_reply runs on a worker and must not block.
 * Returns  TROUPE_OK (on_reply will be called), or TROUPE_E_INVALID, TROUPE_E_TOO_BIG,
 *          TROUPE_E_SYSTEM_STOPPED, UV_ENOMEM (on_reply will not be called)
 */
TROUPE_API int troupe_ask(troupe_system *sys, troupe_pid to, const troupe_ask_opts *opts,
                          const char *kind, const void *data, size_t len, troupe_on_reply on_reply,
                          void *ctx);

/* The same, waiting for the answer. With `workers = 0` it steps the system meanwhile.
 *
 *   reply, reply_len   receive a copy, to be freed with troupe_reply_free; may both be NULL
 *   msg, msg_len       receive a sentence about an error; may be NULL, 0
 *
 * Thread   any host thread; never from inside an actor or a callback of the runtime.
 * Returns  TROUPE_OK, or the ask's code
 */
TROUPE_API int troupe_ask_wait(troupe_system *sys, troupe_pid to, const troupe_ask_opts *opts,
                               const char *kind, const void *data, size_t len, void **reply,
                               size_t *reply_len, char *msg, size_t msg_len);
TROUPE_API void troupe_reply_free(troupe_system *sys, void *reply, size_t reply_len);

/* Asks an actor to stop: it outranks queued messages and runs the behaviour's `stop`.
 * Thread any; never blocks; needs no memory. Returns TROUPE_OK, also when it has been asked
 * already, or TROUPE_E_NOPROC. */
TROUPE_API int troupe_stop(troupe_system *sys, troupe_pid pid);

/* Ends an actor at once, without `stop`. Thread any; never blocks. Returns as troupe_stop. */
TROUPE_API int troupe_kill(troupe_system *sys, troupe_pid pid);

/* The pid registered under a name, or 0. Thread: any. */
TROUPE_API troupe_pid troupe_whereis(troupe_system *sys, const char *name);

/* ---- for behaviours; thread: owner --------------------------------------------------------- */

TROUPE_API troupe_pid troupe_actor_pid(const troupe_actor *self);
TROUPE_API troupe_system *troupe_actor_system(const troupe_actor *self);
TROUPE_API uint32_t troupe_actor_generation(const troupe_actor *self);
TROUPE_API void *troupe_actor_state(const troupe_actor *self);
TROUPE_API void troupe_actor_set_state(troupe_actor *self, void *state);

/* Ends `init` when it returned TROUPE_PENDING; ends `stop` likewise. */
TROUPE_API void troupe_actor_started(troupe_actor *self);
TROUPE_API void troupe_actor_stopped(troupe_actor *self);

/* Asks for this generation's end. Returns; the end begins when the current callback has returned,
 * by calling `stop` (not for the classes of killed and exceeded limits). The first call wins.
 *   reason, traceback   may be NULL; copied, at most 4 KiB each */
TROUPE_API void troupe_actor_exit(troupe_actor *self, troupe_exit_class why, int code,
                                  const char *reason, const char *traceback);

/* While blocked, an actor gets no messages: only `resume`, `child` and its end. For a handler that
 * has to wait. Block first, then ask or tell: when nothing else is open that `resume` will be told
 * of, the answer counts as the only way on, and a cycle of actors that wait so for one another is
 * refused: TROUPE_E_WOULD_DEADLOCK. */
TROUPE_API void troupe_actor_block(troupe_actor *self, bool blocked);

/* Offers the messages again that `receive` has skipped. */
TROUPE_API void troupe_actor_rescan(troupe_actor *self);

typedef struct troupe_send_opts {
  size_t size;         /* sizeof(troupe_send_opts) */
  uint32_t wait_ms;    /* how long a full mailbox may hold the message back; 0: refuse at once */
  uint32_t timeout_ms; /* asks: 0 means 30,000; TROUPE_INFINITY: none */
  /* Messages of high priority overtake those in the mailbox, not signals that were there before
   * them; after at most 32 in a row one of normal priority is served. They have room of their own,
   * an eighth of the mailbox's (at least one message), and never wait for more:
   * TROUPE_E_MAILBOX_FULL.
   */
  troupe_priority priority;
  size_t kind_len; /* 0: kind is a C string */
  void *user;      /* comes back in the event */
} troupe_send_opts;

/* Sends. With room: TROUPE_OK. When the mailbox is full and wait_ms allows, TROUPE_PENDING: the
 * message is parked, *id names it, and `resume` tells how it ended; usually the sender blocks
 * itself meanwhile. opts and id may be NULL (no waiting then).
 * Returns also TROUPE_E_NOPROC, _MAILBOX_FULL, _DROPPED, _TOO_BIG, _INVALID, _SYSTEM_STOPPED,
 * _WOULD_DEADLOCK (for oneself, or see troupe_actor_block), UV_ENOMEM; the message is then a dead
 * letter. */
TROUPE_API int troupe_actor_tell(troupe_actor *self, troupe_pid to, const char *kind,
                                 const void *data, size_t len, const troupe_send_opts *opts,
                                 uint64_t *id);

/* troupe_actor_tell with a shared payload. */
TROUPE_API int troupe_actor_tell_payload(troupe_actor *self, troupe_pid to, const char *kind,
                                         troupe_payload *payload, const troupe_send_opts *opts,
                                         uint64_t *id);

/* Asks. On TROUPE_OK *id names the ask and `resume` is called exactly once for it, at the latest at
 * its deadline; on an error it is not. Limit: 1,000 open asks (TROUPE_E_LIMIT). */
TROUPE_API int troupe_actor_ask(troupe_actor *self, troupe_pid to, const char *kind,
                                const void *data, size_t len, const troupe_send_opts *opts,
                                uint64_t *id);

/* Answers the ask being handled. May be called once, before `receive` returns (later: keep the ask
 * with troupe_actor_keep_ask). A handler that returns without an answer has answered with no
 * payload. A payload over the system's max_message_bytes becomes TROUPE_E_REPLY_TOO_BIG there.
 *
 *   data     copied; may be NULL when len is 0
 *   code     an error for the asker
 *   detail   a sentence about it; may be NULL; copied, at most 4 KiB
 *
 * Returns TROUPE_OK, TROUPE_E_INVALID (no ask, or answered already). */
TROUPE_API int troupe_actor_reply(troupe_actor *self, const void *data, size_t len);
TROUPE_API int troupe_actor_reply_error(troupe_actor *self, int code, const char *detail);

/* Takes the message being handled out of the current callback, so that it can be answered after
 * `receive` returned. A kept ask that is dropped, or whose generation ends, is answered with
 * TROUPE_E_BROKEN_PROMISE or _CRASHED. Works for a tell too (then only the drop matters). Its
 * contents stay valid until it is answered. Returns TROUPE_OK, TROUPE_E_INVALID (nothing to keep),
 * TROUPE_E_LIMIT. */
TROUPE_API int troupe_actor_keep_ask(troupe_actor *self, uint64_t *id);
TROUPE_API int troupe_actor_reply_to(troupe_actor *self, uint64_t id, int code, const void *data,
                                     size_t len, const char *detail);

/* Hands the message being handled (id 0) or kept (id) on to another actor, as if its sender had
 * sent it there: with kind, payload, priority, asker and deadline. An ask is then answered by that
 * actor, or, when it cannot go there, by the error that is returned here.
 *
 *   opts   wait_ms and user, as for troupe_actor_tell; may be NULL, as park
 *   park   names the message while it waits for room (TROUPE_PENDING)
 *
 * Memory   takes the message: its contents are gone when this returns.
 * Returns  as troupe_actor_tell; TROUPE_E_INVALID: there is nothing to hand on. */
TROUPE_API int troupe_actor_forward(troupe_actor *self, uint64_t id, troupe_pid to,
                                    const troupe_send_opts *opts, uint64_t *park);

/* Says that the message being handled (id 0) or kept (id) has no handler: a tell becomes a dead
 * letter `no_handler`, an ask is answered with that error. */
TROUPE_API void troupe_actor_refuse(troupe_actor *self, uint64_t id);

/* Watches another actor: exactly one DOWN message with *id when it is gone for good; at once, with
 * class noproc, when it already is. Limit: 1,000 (TROUPE_E_LIMIT). */
TROUPE_API int troupe_actor_monitor(troupe_actor *self, troupe_pid target, uint64_t *id);
/* The same for what has to wait for the end: it is told by `resume`, with code TROUPE_OK, reason
 * and user, as soon as it is known: also while blocked, and while `init` or `stop` is
 * TROUPE_PENDING. */
TROUPE_API int troupe_actor_monitor_direct(troupe_actor *self, troupe_pid target, void *user,
                                           uint64_t *id);
/* Ends a monitor: no DOWN or event of it comes any more, also when it is queued already. It counts
 * towards the limit until the other actor has forgotten it. Unknown ids are ignored. */
TROUPE_API void troupe_actor_demonitor(troupe_actor *self, uint64_t id);

/* Starts a timer: first after delay_ms, then, when period_ms is not 0, every period_ms without
 * drift (late ticks are merged and counted in `missed`). With `direct` it arrives through `resume`
 * even while the actor is blocked; otherwise as a TIMER message in the mailbox's order. Cancelling
 * is final: no tick of that timer is delivered afterwards. Limit: 1,000, with those that were
 * cancelled while their tick was queued, until it comes up. */
TROUPE_API int troupe_actor_timer(troupe_actor *self, uint64_t delay_ms, uint64_t period_ms,
                                  bool direct, void *user, uint64_t *id);
TROUPE_API bool troupe_actor_cancel_timer(troupe_actor *self, uint64_t id);

#define TROUPE_TIMER_MS_MAX UINT64_C(3155760000000) /* 100 years */

typedef struct troupe_timer_opts {
  size_t size;        /* sizeof(troupe_timer_opts) */
  uint64_t delay_ms;  /* at most TROUPE_TIMER_MS_MAX, as period_ms */
  uint64_t period_ms; /* 0: once */
  bool direct;        /* as above */
  /* delay_ms without a message: the time begins anew whenever the actor has handled a TELL or an
   * ASK, and does not run while it is blocked. Not with direct or a period. */
  bool idle;
  /* A timer that this one takes the place of: that one is cancelled, and no limit is met; ids that
   * are no timer's (0) are ignored. So a variable that holds the last id is a timer's key. */
  uint64_t replaces;
  void *user;
} troupe_timer_opts;

/* Starts a timer with options. On an error the timer to be replaced goes on.
 * Returns TROUPE_OK, TROUPE_E_INVALID (a time that is too long, a wrong combination),
 * TROUPE_E_LIMIT, UV_ENOMEM (neither of these two with a timer to replace). */
TROUPE_API int troupe_actor_start_timer(troupe_actor *self, const troupe_timer_opts *opts,
                                        uint64_t *id);

/* Milliseconds until a timer fires next, rounded up; 0: its tick is due; -1: there is none. */
TROUPE_API int64_t troupe_actor_timer_left_ms(const troupe_actor *self, uint64_t id);

/* Spawns a child. It ends before its parent's generation does. `child` reports it when present.
 * Returns as troupe_spawn. */
TROUPE_API int troupe_actor_spawn(troupe_actor *self, const troupe_spawn_opts *opts,
                                  troupe_pid *pid, troupe_child **child);

TROUPE_API troupe_pid troupe_child_pid(const troupe_child *child);
TROUPE_API void *troupe_child_user(const troupe_child *child);
TROUPE_API uint32_t troupe_child_generation(const troupe_child *child);
/* Why it EXITED; borrowed until the answer. */
TROUPE_API const troupe_exit *troupe_child_reason(const troupe_child *child);
/* Asks the child to stop, and kills it after shutdown_ms (0: at once; TROUPE_INFINITY: never).
 * EXITED follows. Harmless when it has exited. */
TROUPE_API void troupe_child_stop(troupe_actor *self, troupe_child *child, uint32_t shutdown_ms);
/* The two answers to EXITED: a new generation under the same pid, or the end. */
TROUPE_API void troupe_child_restart(troupe_actor *self, troupe_child *child);
TROUPE_API void troupe_child_release(troupe_actor *self, troupe_child *child);

#ifdef __cplusplus
}
#endif
#endif
