/* One generation's Lua side: its heap, its Lua state, its tasks; and how a C function for scripts
 * suspends the task it runs in.
 *
 * A *task* is a coroutine the runtime owns: the handler of one message, a timer's callback, the
 * main chunk of a process-style script. User coroutines run inside tasks. What waits suspends the
 * whole chain from the innermost user coroutine to the task; the script sees only that a call took
 * long.
 *
 * Thread: owner, inside the frame, unless stated. */
#ifndef TRP_SCRIPTING_STATE_H
#define TRP_SCRIPTING_STATE_H

#include <lua.h>

#include <troupe/actor.h>

#include "actors/actor.h"
#include "actors/base/rand.h"
#include "scripting/arena.h"

typedef struct trp_task trp_task; /* scripting/task.h */
struct trp_script;                /* scripting/script.h */
struct trp_scratch;               /* scripting/scratch.h */

/* Places in the registry, an array: scripts never see it. */
enum {
  TRP_REG_FIRST = LUA_RIDX_LAST,
  TRP_REG_BEHAVIOR, /* the troupe.actor object of a behaviour-style script */
  TRP_REG_ON,       /* its `on` and `signal` */
  TRP_REG_SIGNAL,
  TRP_REG_SELF,     /* the fresh `self` of this generation */
  TRP_REG_TASKS,    /* anchors: address of a task -> its userdata, whose user value is the thread */
  TRP_REG_FILTERS,  /* task userdata -> the set of kinds its `receive` accepts */
  TRP_REG_HELD,     /* threads that are not the script's to resume or close */
  TRP_REG_ALARMS,   /* timer id -> {function, periodic, key}; key -> timer id */
  TRP_REG_DEFERRED, /* timers whose tick waits for a handler to end: n -> id, -id -> missed */
  TRP_REG_MONITORS, /* monitor id -> the ref it watches */
  TRP_REG_REFS,     /* rights -> pid -> ref, weak values: equal refs are one object */
  TRP_REG_LOADED,   /* module name -> what require returned */
  TRP_REG_IDS,      /* object -> the number tostring shows, weak keys */
  TRP_REG_SIGNALS,  /* name -> token */
  TRP_REG_TOKENS,   /* token -> name */
  TRP_REG_TRACES,   /* task userdata -> the traceback of its last error */
  TRP_REG_METAS,    /* table whose metatable was changed -> the new one, weak keys */
  TRP_REG_LAST
};

/* How the script wants to be run. Undecided until its chunk has returned or waited. */
typedef enum trp_style { TRP_STYLE_UNDECIDED, TRP_STYLE_BEHAVIOR, TRP_STYLE_PROCESS } trp_style;

#define TRP_LUA_DROPPED_MAX 64

typedef struct trp_lua {
  troupe_actor *actor;
  struct trp_script *script; /* borrowed: the actor's arg */
  trp_arena arena;
  lua_State *L;            /* the main thread; anchors everything, never runs user code itself */
  lua_State *volatile cur; /* the Lua thread now running, or NULL: what preemption hooks */
  volatile bool must_give_way; /* set by the tick; the hook, or whoever comes first, obeys */
  bool gave_way;               /* the yield under way is a preemption */
  bool must_collect;           /* set at the soft limit; obeyed by the same hook */
  bool collect_again;          /* when one cycle of that collection is not enough */
  bool hibernates;             /* at the end of the callback it becomes as small as it can */
  uint64_t collections;        /* of this generation, asked for by the runtime */
  trp_task *interrupted;       /* the task that gave way, until it goes on */
  trp_task *task;              /* the task now running, or `between` */
  trp_task *between; /* stands for one where there is none: finalizers of a trusted script run there
                      */
  bool chain_ok;     /* every C frame below the running coroutine can be yielded across */
  bool suspending;   /* the yield under way suspends the task; it is not the script's own */
  uint32_t resume_depth;
  uint32_t
      close_stack;     /* how much of the C stack a task may have used when it closes a coroutine */
  uintptr_t stack_top; /* where in it the running task began; it grows down */
  lua_State *closing;  /* the innermost thread being closed: it cannot yield */
  trp_rand rand;       /* math.random: split from the system's seed */
  trp_rand jitter;     /* the same for the runtime's own choices */
  struct trp_scratch *scratch; /* the buffer messages are encoded into; on the ledger */

  trp_style style;
  bool started;           /* init has reported success, now or by troupe_actor_started */
  bool in_init;           /* inside the kernel's init callback */
  bool reentrant;         /* messages are handled while handlers wait */
  bool ending;            /* the generation's end has been asked for: no further task starts */
  bool stopping;          /* the kernel has called `stop` */
  bool in_stop;           /* inside that callback */
  bool terminating;       /* `terminate` has begun */
  bool terminated;        /* and has ended */
  bool has_skipped;       /* receive has skipped messages since the last rescan */
  bool metas_changed;     /* TRP_REG_METAS has entries */
  bool log_limited;       /* the line about dropped lines has been written in this drought */
  const troupe_exit *why; /* of the stop; valid until the generation ends */

  trp_task *tasks;                        /* every task of this generation */
  trp_task *idle;                         /* those without work, for reuse */
  trp_task *waiting_first, *waiting_last; /* those that wait for a message of the line, FIFO */
  uint32_t idle_count;
  uint32_t giving_way;                   /* tasks that wait for their turn among the messages */
  uint32_t handlers;                     /* tasks at work on a message, signal or timer */
  uint32_t timers;                       /* timers that may still tick */
  uint32_t reply_handles;                /* that hold an ask open */
  uint32_t next_object_id;               /* for tostring */
  uint32_t deferred_first, deferred_end; /* positions in TRP_REG_DEFERRED */
  uint64_t born_ns;                      /* os.clock counts from here */
  uint64_t log_ns; /* log quota: a bucket of bytes, filled at a constant rate */
  uint64_t log_tokens;

  /* Kept asks whose reply handle was collected: answered when the slice ends. */
  uint64_t dropped[TRP_LUA_DROPPED_MAX];
  uint32_t dropped_count;
} trp_lua;

/* The Lua side a Lua state belongs to. */
static inline trp_lua *trp_lua_of(lua_State *L) { return *(trp_lua **)lua_getextraspace(L); }
static inline trp_frame *trp_lua_frame(lua_State *L) {
  return trp_actor_frame(trp_lua_of(L)->actor);
}

/* Creates the Lua side of a generation as the actor's state, from inside `init`: heap, Lua state
 * and the environment of the sandbox. On an error nothing but the actor's state is left, which
 * trp_lua_free accepts half-built.
 * Returns TROUPE_OK or UV_ENOMEM; crossing the memory limit leaves the actor. */
int trp_lua_new(trp_lua **out, troupe_actor *actor, struct trp_script *script);

/* Drops the heap in bulk, without finalizers, and frees the Lua side. NULL is fine. Outside the
 * frame: from `fini`. */
void trp_lua_free(trp_lua *lua);

/* An end in order: closes the pending variables of the tasks that still wait, then, of a trusted
 * actor, the Lua state, which runs finalizers. In the frame; nothing may run in it any more. */
void trp_lua_close(trp_lua *lua);

/* To be called first in each callback: the heap learns the frame of the slice. */
static inline void trp_lua_enter(trp_lua *lua) {
  trp_arena_set_frame(&lua->arena, trp_actor_frame(lua->actor));
}

/* To be called last in each callback: releases what collected handles have dropped; hibernates. */
void trp_lua_leave(trp_lua *lua);

/* True when the running code may wait: not inside a sort comparator, a gsub callback, a metamethod
 * called from C, a coroutine being closed, ... */
bool trp_lua_can_wait(lua_State *L);

/* Raises "cannot wait here" with what it was that wanted to. */
int trp_lua_cannot_wait(lua_State *L, const char *verb);

/* The kernel's tick: makes the running Lua thread give way soon. In a signal handler. */
void trp_lua_preempt(troupe_actor *actor);
/* Arms the one-shot hook on a thread that runs or is about to. */
void trp_lua_hook(lua_State *L);
/* The same when there is something for it to do. */
static inline void trp_lua_rehook(const trp_lua *lua, lua_State *L) {
  if (lua->must_give_way || lua->must_collect) trp_lua_hook(L);
}

/* Suspends the current task; to be used as `return trp_lua_wait(L, ctx, k);`. When the task is
 * resumed, k runs in the same place with the same stack; the event that resumed it is task->event.
 * The caller has checked trp_lua_can_wait. */
int trp_lua_wait(lua_State *L, lua_KContext ctx, lua_KFunction k);

/* To be called before any of the script's code runs: its use of the C stack counts from here. */
static inline void trp_lua_mark_stack(trp_lua *lua) {
  lua->stack_top = (uintptr_t)__builtin_frame_address(0);
}

/* Says that a kept ask has lost its handle. From a C finalizer. */
void trp_lua_drop_ask(trp_lua *lua, uint64_t id);

#endif
