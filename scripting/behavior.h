/* Scripts as actors: the kernel's callbacks on one side, tasks on the other.
 *
 * A chunk that returns a `troupe.actor` object is of behaviour style: each message is a task that
 * runs the handler of that kind; while one waits the actor takes no further message, unless it is
 * reentrant. Any other chunk is of process style: it is one task, messages wait until it receives
 * them, and the actor ends when it returns.
 *
 * Thread: owner. */
#ifndef TRP_SCRIPTING_BEHAVIOR_H
#define TRP_SCRIPTING_BEHAVIOR_H

#include <troupe/actor.h>

#include "scripting/task.h"

/* Its spawn argument is a trp_script. */
extern const troupe_behavior trp_script_behavior;

/* The message a task handles outlives the callback. */
void trp_behavior_keep_message(trp_lua *lua, trp_task *task);

/* What task.c reports: a task waits; a task has ended, its failure (if any) on its stack. */
void trp_behavior_task_waits(trp_lua *lua, trp_task *task);
void trp_behavior_task_ended(trp_lua *lua, trp_task *task);

/* Ends the generation from inside a task; returns after asking for it. */
void trp_behavior_exit(trp_lua *lua, troupe_exit_class why, int code, const char *reason,
                       const char *traceback);

/* Builds what `receive` returns from the current task's message and pushes it. An error: the heap
 * has no room for it, or it is malformed; it has been refused. */
int trp_behavior_push_message(lua_State *L, trp_task *task);

/* True when the value at idx is a `troupe.actor` object. */
bool trp_behavior_is_object(lua_State *L, int idx);

#define TRP_BEHAVIOR_META "troupe.actor"

#endif
