/* Tasks: the coroutines in which a script's code runs. Each message, signal and timer gets one, and
 * so does the main chunk. A finished task's coroutine is kept for the next (at most 100 of them).
 *
 *   IDLE --trp_task_new--> WORKING --it waits--> WAITING --event or message--> WORKING
 *   WORKING --its function has returned or raised--> IDLE
 *   WAITING --the generation ends in order--> CLOSED   its pending variables have been closed
 *
 *   I1  WAITING implies wait_id (an event or `down` of the ledger will end it), or a place among
 * the tasks that wait for a message, or that the generation is ending I2  only one task works at a
 * time: lua->task
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_TASK_H
#define TRP_SCRIPTING_TASK_H

#include <lua.h>

#include <troupe/system.h>

#include "scripting/state.h"

enum { TRP_TASK_POOL = 100 };

typedef enum trp_task_kind {
  TRP_TASK_MAIN,      /* the chunk, and `init` of a behaviour */
  TRP_TASK_MESSAGE,   /* a handler in `on` */
  TRP_TASK_SIGNAL,    /* a handler in `signal`, or a timer's function */
  TRP_TASK_TERMINATE, /* `terminate` */
} trp_task_kind;

typedef enum trp_task_state {
  TRP_TASK_IDLE,
  TRP_TASK_WORKING,
  TRP_TASK_WAITING,
  TRP_TASK_CLOSED
} trp_task_state;

struct trp_task {
  trp_lua *lua;
  lua_State *co;
  trp_task *all_next, *idle_next;
  trp_task *wait_prev, *wait_next; /* among lua->waiting_* */
  trp_task_kind kind;
  trp_task_state state;
  bool failed;                   /* ended by an error: the failure is on top of co */
  bool wants_line;               /* waits for a message of the line: any that its filter lets in */
  bool any_kind;                 /* no filter: every message is wanted */
  uint64_t wait_id;              /* the ledger item whose event ends the wait, or 0 */
  troupe_child *spawning;        /* or the child whose start ends the wait, until it is told */
  uint64_t limit_id;             /* the timer that bounds a wait, or 0 */
  uint64_t limit_ns;             /* when it does, or UINT64_MAX */
  const troupe_event *event;     /* what ended the wait; borrowed until the slice ends */
  const troupe_message *message; /* the same; or the message that the task is to handle */
  troupe_pid from;               /* sender of the message being handled */
  uint64_t kept;  /* the message, once it outlives the callback: troupe_actor_keep_ask */
  bool is_ask;    /* the message asks */
  bool answered;  /* it has its answer, or a reply handle will give it */
  bool gives_way; /* its wait ends by a tick that comes through the line */
};

/* What a failed task leaves on its stack, read with trp_task_failure: valid while it stays there.
 */
typedef struct trp_failure {
  int code;              /* TROUPE_E_ code; TROUPE_E_ERROR for codes of the script's own */
  const char *message;   /* never NULL */
  const char *traceback; /* or NULL */
} trp_failure;

/* Whether another handler may begin: limits.tasks. */
bool trp_task_is_free(const trp_lua *lua);

/* A task with the entry on its stack, to be run with trp_task_run. `message` may be NULL. */
trp_task *trp_task_new(trp_lua *lua, trp_task_kind kind, lua_CFunction entry,
                       const troupe_message *message);

/* Gives up the coroutines that are kept for reuse. */
void trp_task_drop_idle(trp_lua *lua);

/* Runs a new task, or one whose wait is over, until it waits or ends. */
void trp_task_run(trp_lua *lua, trp_task *task);

/* Continues the task that was preempted. */
void trp_task_go_on(trp_lua *lua);

/* Ends a wait with an event. Events of tasks that no longer wait for it are ignored. */
void trp_task_resume(trp_lua *lua, trp_task *task, const troupe_event *event);

/* A TIMER message of a task that gave way, or whose wait for a message has a limit: it comes behind
 * the messages that were there before. */
void trp_task_tick(trp_lua *lua, const troupe_message *message);

/* Ends the wait for a child's start. */
void trp_task_spawned(trp_lua *lua, trp_task *task, const troupe_event *event);

/* The kernel has called `stop`, so nothing comes through the line any more: ends the waits for it.
 * lua->stopping is set. When a task is preempted the rest is left for later. */
void trp_task_line_closed(trp_lua *lua);

/* At the end, when nothing of the script's runs any more: closes the pending variables of each task
 * that still waits. The errors that this raises are logged. */
void trp_task_close_all(trp_lua *lua);

/* Ends the wait of a task that wants this message. */
void trp_task_deliver(trp_lua *lua, trp_task *task, const troupe_message *message);

/* Registers the current task as waiting for a message; limit_ms bounds it (UINT64_MAX: no bound).
 * Returns TROUPE_OK or the timer's error. */
int trp_task_want_line(trp_lua *lua, uint64_t limit_ms);

/* Has the current task wait for the end of an actor, which it asks to stop; limit_ms as above. When
 * the wait is over, trp_task_end_seen says whether the end has come. To be called as
 * trp_task_publish_block. Returns TROUPE_OK, TROUPE_E_LIMIT (*over), or UV_ENOMEM. */
int trp_task_stop_other(trp_lua *lua, troupe_pid other, uint64_t limit_ms, troupe_limit *over);
bool trp_task_end_seen(trp_lua *lua);

/* Starts a timer that ends the current task's wait. Returns TROUPE_OK or its error. */
int trp_task_sleep(trp_lua *lua, uint64_t delay_ms);

/* Ends the current task's wait when everything that is ready now has had its turn. As above. */
int trp_task_give_way(trp_lua *lua);

/* Whether messages come: not before a behaviour's init has returned, nor once it is being stopped.
 */
bool trp_task_line_is_open(const trp_lua *lua);

/* Whether the actor takes no messages while the current task waits for an event. */
bool trp_task_will_block(const trp_lua *lua);

/* Tells the kernel whether the actor can take messages, given that the current task (if any) will
 * wait. To be called in a native half, before what the task waits for is started. */
void trp_task_publish_block(trp_lua *lua);

/* The failure of a task that has ended so. */
trp_failure trp_task_failure(const trp_task *task);

#endif
