#include "scripting/task.h"

#include <string.h>

#include <lauxlib.h>

#include "actors/base/clock.h"
#include "actors/base/log.h"
#include "actors/system.h"
#include "actors/waiting.h"
#include "scripting/behavior.h"
#include "scripting/collect.h"
#include "scripting/coroutine.h"
#include "scripting/fault.h"
#include "scripting/ref.h"
#include "scripting/script.h"

/* ---- inside the coroutine ------------------------------------------------------------------ */

static int ended(lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  trp_task *task = trp_lua_of(L)->task;
  task->failed = status != LUA_OK && status != LUA_YIELD;
  if (task->failed) trp_fault_make(L);
  return task->failed ? 1 : 0;
}

/* Base of each task: the entry's errors end here, after the script's to-be-closed variables. */
static int task_main(lua_State *L) {
  lua_pushcfunction(L, trp_fault_handler);
  lua_insert(L, 1);
  return ended(L, lua_pcallk(L, lua_gettop(L) - 2, 0, 1, 0, ended), 0);
}

trp_failure trp_task_failure(const trp_task *task) { return trp_fault_read(task->co, -1); }

/* ---- making and reusing -------------------------------------------------------------------- */

static trp_task *make(trp_lua *lua) {
  lua_State *L = lua->L;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_TASKS);
  trp_task *task = lua_newuserdatauv(L, sizeof *task, 1);
  *task = (trp_task){.lua = lua};
  task->co = lua_newthread(L);
  trp_coroutine_hold(L, -1, true);
  lua_setiuservalue(L, -2, 1);
  lua_rawsetp(L, -2, task); /* where forget finds it */
  lua_pop(L, 1);
  task->all_next = lua->tasks;
  lua->tasks = task;
  return task;
}

static void forget(trp_lua *lua, trp_task *task) {
  trp_task **at = &lua->tasks;
  while (*at != task)
    at = &(*at)->all_next;
  *at = task->all_next;
  lua_State *L = lua->L;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_TASKS);
  lua_pushnil(L);
  lua_rawsetp(L, -2, task);
  lua_pop(L, 1);
}

bool trp_task_is_free(const trp_lua *lua) { return lua->handlers < lua->script->limits.tasks; }

trp_task *trp_task_new(trp_lua *lua, trp_task_kind kind, lua_CFunction entry,
                       const troupe_message *message) {
  trp_task *task = lua->idle;
  if (task) {
    lua->idle = task->idle_next;
    lua->idle_count--;
  } else {
    task = make(lua);
  }
  lua_State *co = task->co;
  *task = (trp_task){.lua = lua, .co = co, .all_next = task->all_next};
  task->kind = kind;
  task->state = TRP_TASK_WORKING;
  task->message = message;
  if (message) {
    task->from = message->from;
    task->is_ask = message->type == TROUPE_MESSAGE_ASK;
  }
  if (kind == TRP_TASK_MESSAGE || kind == TRP_TASK_SIGNAL) {
    lua->handlers++;
    if (!trp_task_is_free(lua))
      trp_count_limit(troupe_actor_system(lua->actor), TROUPE_LIMIT_TASKS);
  }
  lua_pushcfunction(co, task_main);
  lua_pushcfunction(co, entry);
  return task;
}

static void retire(trp_lua *lua, trp_task *task) {
  if (task->kind == TRP_TASK_MESSAGE || task->kind == TRP_TASK_SIGNAL) lua->handlers--;
  task->state = TRP_TASK_IDLE;
  task->message = NULL;
  task->event = NULL;
  lua_settop(task->co, 0);
  if (lua_status(task->co) != LUA_OK || lua->idle_count >= TRP_TASK_POOL) {
    forget(lua, task);
    return;
  }
  task->idle_next = lua->idle;
  lua->idle = task;
  lua->idle_count++;
}

void trp_task_drop_idle(trp_lua *lua) {
  for (trp_task *task; (task = lua->idle);) {
    lua->idle = task->idle_next;
    lua->idle_count--;
    forget(lua, task);
  }
}

/* ---- running ------------------------------------------------------------------------------- */

static void run(trp_lua *lua, trp_task *task, int nargs);

/* The task was preempted: it keeps its message, and goes on before anything else. */
static void interrupted(trp_lua *lua, trp_task *task) {
  lua->gave_way = false;
  lua->interrupted = task;
  trp_behavior_keep_message(lua, task);
  task->message = NULL;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  trp_actor_preempted(lua->actor);
  TRP_NATIVE_END(frame);
}

/* Finishes a collection that the task gave way in, before it may take more. True when done. */
static bool collected(trp_lua *lua) {
  if (!lua->must_collect) return true;
  lua->must_give_way = false;
  lua->cur = lua->L; /* for the tick, which asks to give way: nothing runs there */
  trp_collect_some(lua->L, true);
  lua->cur = NULL;
  return !lua->must_collect;
}

void trp_task_go_on(trp_lua *lua) {
  trp_task *task = lua->interrupted;
  lua->interrupted = NULL;
  if (collected(lua))
    run(lua, task, 0);
  else
    interrupted(lua, task);
}

static void run(trp_lua *lua, trp_task *task, int nargs) {
  TRP_ASSERT(lua->task == lua->between);
  int results = 0;
  task->state = TRP_TASK_WORKING;
  lua->task = task;
  lua->chain_ok = true;
  lua->must_give_way = false;
  trp_lua_mark_stack(lua);
  lua->cur = task->co;
  trp_lua_rehook(lua, task->co);
  int status = lua_resume(task->co, lua->L, nargs, &results);
  lua->cur = NULL;
  lua->task = lua->between;
  lua->chain_ok = false;
  task->event = NULL;
  if (status == LUA_YIELD) {
    TRP_ASSERT(lua->suspending);
    lua->suspending = false;
    if (lua->gave_way) {
      interrupted(lua, task);
      return;
    }
    task->state = TRP_TASK_WAITING;
    trp_behavior_task_waits(lua, task);
    task->message = NULL;
    return;
  }
  if (status != LUA_OK)
    task->failed = true; /* not even task_main could run: the C stack is used up */
  trp_behavior_task_ended(lua, task);
  retire(lua, task);
}

void trp_task_run(trp_lua *lua, trp_task *task) { run(lua, task, 1); }

static void stop_wanting(trp_lua *lua, trp_task *task) {
  if (!task->wants_line) return;
  task->wants_line = false;
  if (task->wait_prev)
    task->wait_prev->wait_next = task->wait_next;
  else
    lua->waiting_first = task->wait_next;
  if (task->wait_next)
    task->wait_next->wait_prev = task->wait_prev;
  else
    lua->waiting_last = task->wait_prev;
  task->wait_prev = task->wait_next = NULL;
}

static void cancel(trp_lua *lua, uint64_t *timer) {
  if (*timer == 0) return;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  troupe_actor_cancel_timer(lua->actor, *timer);
  TRP_NATIVE_END(frame);
  *timer = 0;
}

void trp_task_resume(trp_lua *lua, trp_task *task, const troupe_event *event) {
  if (task->state != TRP_TASK_WAITING) return;
  if (event->id == task->limit_id)
    task->limit_id = 0;
  else if (event->id == task->wait_id) {
    task->wait_id = 0;
    cancel(lua, &task->limit_id);
  } else {
    return;
  }
  stop_wanting(lua, task);
  task->event = event;
  task->message = NULL;
  run(lua, task, 0);
}

void trp_task_spawned(trp_lua *lua, trp_task *task, const troupe_event *event) {
  if (task->state != TRP_TASK_WAITING) return;
  task->event = event;
  task->message = NULL;
  run(lua, task, 0);
}

void trp_task_deliver(trp_lua *lua, trp_task *task, const troupe_message *message) {
  stop_wanting(lua, task);
  cancel(lua, &task->limit_id);
  task->event = NULL;
  task->message = message;
  run(lua, task, 0);
}

/* ---- waiting ------------------------------------------------------------------------------- */

int trp_task_want_line(trp_lua *lua, uint64_t limit_ms) {
  trp_task *task = lua->task;
  trp_frame *frame = trp_actor_frame(lua->actor);
  int err = TROUPE_OK;
  TRP_NATIVE_BEGIN(frame);
  if (limit_ms != UINT64_MAX)
    err = troupe_actor_timer(lua->actor, limit_ms, 0, false, task, &task->limit_id);
  if (err == TROUPE_OK && lua->has_skipped) {
    lua->has_skipped = false;
    troupe_actor_rescan(lua->actor);
  }
  TRP_NATIVE_END(frame);
  if (err) return err;
  task->limit_ns = UINT64_MAX;
  if (limit_ms != UINT64_MAX) {
    uint64_t now = trp_system_now_ns(troupe_actor_system(lua->actor));
    task->limit_ns = now + limit_ms * TRP_NS_PER_MS;
  }
  task->wants_line = true;
  task->wait_prev = lua->waiting_last;
  task->wait_next = NULL;
  if (lua->waiting_last)
    lua->waiting_last->wait_next = task;
  else
    lua->waiting_first = task;
  lua->waiting_last = task;
  return TROUPE_OK;
}

int trp_task_sleep(trp_lua *lua, uint64_t delay_ms) {
  trp_task *task = lua->task;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  trp_task_publish_block(lua);
  int err = troupe_actor_timer(lua->actor, delay_ms, 0, true, task, &task->wait_id);
  TRP_NATIVE_END(frame);
  return err;
}

int trp_task_stop_other(trp_lua *lua, troupe_pid other, uint64_t limit_ms, troupe_limit *over) {
  trp_task *task = lua->task;
  troupe_actor *self = lua->actor;
  trp_task_publish_block(lua);
  *over = TROUPE_LIMIT_MONITORS;
  int err = troupe_actor_monitor_direct(self, other, task, &task->wait_id);
  if (!err && limit_ms != UINT64_MAX) {
    *over = TROUPE_LIMIT_TIMERS;
    err = troupe_actor_timer(self, limit_ms, 0, true, task, &task->limit_id);
  }
  if (err) {
    troupe_actor_demonitor(self, task->wait_id);
    task->wait_id = 0;
    return err;
  }
  troupe_stop(troupe_actor_system(self), other); /* one that is gone has told its end already */
  return TROUPE_OK;
}

bool trp_task_end_seen(trp_lua *lua) {
  trp_task *task = lua->task;
  if (task->wait_id == 0) return true;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  troupe_actor_demonitor(lua->actor, task->wait_id);
  TRP_NATIVE_END(frame);
  task->wait_id = 0;
  return false;
}

bool trp_task_line_is_open(const trp_lua *lua) {
  return !lua->stopping && (lua->started || lua->style != TRP_STYLE_BEHAVIOR);
}

/* While some task wants a message, the line must flow, and `receive` skips what nobody wants. */
bool trp_task_will_block(const trp_lua *lua) {
  if (!trp_task_line_is_open(lua)) return true;
  if (lua->waiting_first || lua->giving_way) return false;
  if (!trp_task_is_free(lua)) return true;
  if (lua->style == TRP_STYLE_BEHAVIOR) return lua->handlers > 0 && !lua->reentrant;
  return lua->timers == 0; /* only a timer could run meanwhile */
}

int trp_task_give_way(trp_lua *lua) {
  trp_task *task = lua->task;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  trp_task_publish_block(lua);
  /* behind the messages that are there, where messages are taken meanwhile */
  bool direct = trp_task_will_block(lua);
  int err = troupe_actor_timer(lua->actor, 0, 0, direct, task, &task->wait_id);
  task->gives_way = !err && !direct;
  if (task->gives_way) lua->giving_way++;
  TRP_NATIVE_END(frame);
  return err;
}

static void gave_way(trp_lua *lua, trp_task *task) {
  if (!task->gives_way) return;
  task->gives_way = false;
  lua->giving_way--;
}

void trp_task_tick(trp_lua *lua, const troupe_message *message) {
  troupe_event event = {.id = message->id, .user = message->user};
  trp_task *task = message->user;
  if (task->wait_id == message->id) gave_way(lua, task);
  trp_task_resume(lua, task, &event);
}

void trp_task_line_closed(trp_lua *lua) {
  trp_task *task = lua->tasks;
  while (task && !lua->ending && !lua->interrupted) {
    if (task->state != TRP_TASK_WAITING || !(task->wants_line || task->gives_way)) {
      task = task->all_next;
      continue;
    }
    cancel(lua, &task->limit_id);
    if (task->gives_way) cancel(lua, &task->wait_id);
    gave_way(lua, task);
    stop_wanting(lua, task);
    task->event = NULL;
    task->message = NULL;
    run(lua, task, 0);
    task = lua->tasks; /* which may be others now */
  }
}

static void log_close_error(trp_lua *lua) {
  trp_fault_make(lua->L);
  trp_failure f = trp_fault_read(lua->L, -1);
  char who[TRP_REF_TEXT];
  trp_ref_text(troupe_actor_pid(lua->actor), who);
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  trp_log_write(&troupe_actor_system(lua->actor)->log, TROUPE_LOG_ERROR, who,
                "closing a variable failed: %s", f.message);
  TRP_NATIVE_END(frame);
  lua_pop(lua->L, 1);
}

void trp_task_close_all(trp_lua *lua) {
  for (trp_task *task = lua->tasks; task; task = task->all_next) {
    if (task->state != TRP_TASK_WAITING) continue;
    task->state = TRP_TASK_CLOSED;
    lua_State *L = lua->L;
    if (!lua_checkstack(L, TRP_COROUTINE_DEPTH + 2)) return;
    for (int errors = trp_coroutine_close(L, task->co); errors > 0; errors--)
      log_close_error(lua);
  }
}

/* A process has its main task and those of its timers, and one of them may wait for a child. */
static bool has_other_tasks(const trp_lua *lua) {
  return lua->handlers > 0 && (lua->style != TRP_STYLE_BEHAVIOR || lua->reentrant);
}

void trp_task_publish_block(trp_lua *lua) {
  trp_waiting_several(lua->actor, has_other_tasks(lua));
  troupe_actor_block(lua->actor, trp_task_will_block(lua));
}
