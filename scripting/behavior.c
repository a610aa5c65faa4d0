#include "scripting/behavior.h"

#include <string.h>

#include <lauxlib.h>

#include "actors/base/log.h"
#include "actors/system.h"
#include "scripting/alarm.h"
#include "scripting/api.h"
#include "scripting/collect.h"
#include "scripting/fault.h"
#include "scripting/info.h"
#include "scripting/payload.h"
#include "scripting/ref.h"
#include "scripting/reply.h"
#include "scripting/script.h"

/* ---- what tasks do: inside the coroutine --------------------------------------------------- */

/* The handler has returned its one value: it answers an ask. */
static int handled(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  trp_lua *lua = trp_lua_of(L);
  trp_task *task = lua->task;
  if (task->answered) return 0;
  trp_payload p = {NULL, 0};
  int err = task->is_ask ? trp_payload_value(L, -1, &p) : TROUPE_OK;
  if (err == TROUPE_E_TOO_BIG) err = TROUPE_E_REPLY_TOO_BIG;
  task->answered = true;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  if (err && task->kept) {
    troupe_actor_reply_to(lua->actor, task->kept, err, NULL, 0, NULL);
  } else if (err) {
    troupe_actor_reply_error(lua->actor, err, NULL);
  } else if (task->kept) {
    troupe_actor_reply_to(lua->actor, task->kept, TROUPE_OK, p.data, p.len, NULL);
  } else if (task->is_ask) {
    troupe_actor_reply(lua->actor, p.data, p.len);
  }
  trp_payload_done(lua);
  TRP_NATIVE_END(frame);
  task->kept = 0;
  return 0;
}

/* Ends a message without running anything of the script's. */
static int refuse(trp_lua *lua, int code) {
  trp_task *task = lua->task;
  trp_frame *frame = trp_actor_frame(lua->actor);
  const char *why =
      code == TROUPE_E_FORMAT ? "the payload is not an array of arguments" : troupe_strerror(code);
  task->answered = true;
  TRP_NATIVE_BEGIN(frame);
  if (task->kept)
    troupe_actor_reply_to(lua->actor, task->kept, code, NULL, 0, why);
  else if (code == TROUPE_E_NO_HANDLER || !task->is_ask)
    troupe_actor_refuse(lua->actor, 0);
  else
    troupe_actor_reply_error(lua->actor, code, why);
  TRP_NATIVE_END(frame);
  task->kept = 0;
  return 0;
}

static int message_entry(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  const troupe_message *m = lua->task->message;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_ON);
  lua_pushlstring(L, m->kind, m->kind_len);
  if (lua_gettable(L, -2) == LUA_TNIL) return refuse(lua, TROUPE_E_NO_HANDLER);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_SELF);
  int count = 0;
  int err = trp_payload_push_args(L, m->data, m->len, &count);
  if (err) return refuse(lua, err);
  lua_callk(L, count + 1, 1, 0, handled);
  return handled(L, LUA_OK, 0);
}

static int returned(lua_State *L, int status, lua_KContext ctx) {
  (void)L, (void)status, (void)ctx;
  return 0;
}

/* Takes the ref that a monitor watches off the table and pushes it. */
static void take_monitored(lua_State *L, const troupe_message *m) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_MONITORS);
  if (lua_rawgeti(L, -1, (lua_Integer)m->id) == LUA_TNIL) {
    lua_pop(L, 1);
    trp_ref_push(L, m->from, TRP_RIGHTS_COMMON);
  }
  lua_pushnil(L);
  lua_rawseti(L, -3, (lua_Integer)m->id);
  lua_remove(L, -2);
}

static int down_entry(lua_State *L) {
  const troupe_message *m = trp_lua_of(L)->task->message;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_SIGNAL);
  lua_getfield(L, -1, "down");
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_SELF);
  take_monitored(L, m);
  trp_fault_push_exit(L, m->reason);
  if (lua_isnil(L, -4)) return 0; /* nobody cares, but the monitor is gone */
  lua_callk(L, 3, 0, 0, returned);
  return 0;
}

static int alarm_entry(lua_State *L) {
  const troupe_message *m = trp_lua_of(L)->task->message;
  lua_Integer missed = (lua_Integer)m->missed;
  if (!trp_alarm_push(L, m->id)) return 0;
  lua_pushinteger(L, missed);
  lua_callk(L, 1, 0, 0, returned);
  return 0;
}

static int terminate_entry(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_SELF);
  lua_getfield(L, -1, "terminate");
  if (lua_isnil(L, -1)) return 0;
  lua_pushvalue(L, -2);
  trp_fault_push_exit(L, lua->why);
  lua_callk(L, 2, 0, 0, returned);
  return 0;
}

/* ---- starting ------------------------------------------------------------------------------ */

bool trp_behavior_is_object(lua_State *L, int idx) {
  if (lua_type(L, idx) != LUA_TTABLE || !lua_getmetatable(L, idx)) return false;
  luaL_getmetatable(L, TRP_BEHAVIOR_META);
  bool is = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return is;
}

/* Pushes the object's field and remembers it in the registry. */
static void remember(lua_State *L, int object, const char *field, int place) {
  lua_getfield(L, object, field);
  if (lua_type(L, -1) != LUA_TTABLE)
    luaL_error(L, "the actor's field '%s' must be a table of handlers", field);
  lua_rawseti(L, LUA_REGISTRYINDEX, place);
}

/* The chunk has returned the actor at `object`: makes `self`. */
static void adopt(lua_State *L, int object) {
  trp_lua *lua = trp_lua_of(L);
  remember(L, object, "on", TRP_REG_ON);
  remember(L, object, "signal", TRP_REG_SIGNAL);
  lua_getfield(L, object, "reentrant");
  lua->reentrant = lua_toboolean(L, -1);
  lua_pop(L, 1);
  lua_pushvalue(L, object);
  lua_rawseti(L, LUA_REGISTRYINDEX, TRP_REG_BEHAVIOR);
  lua_newtable(L); /* self */
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, object);
  lua_setfield(L, -2, "__index");
  lua_getfield(L, object, "name");
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_rawseti(L, LUA_REGISTRYINDEX, TRP_REG_SELF);
  lua->style = TRP_STYLE_BEHAVIOR;
}

static int chunk_returned(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  trp_lua *lua = trp_lua_of(L);
  if (!trp_behavior_is_object(L, -1)) {
    lua->style = TRP_STYLE_PROCESS;
    return 0;
  }
  adopt(L, lua_absindex(L, -1));
  lua_getfield(L, -1, "init");
  if (lua_isnil(L, -1)) return 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_SELF);
  int count = 0;
  int err = trp_payload_push_args(L, lua->script->args, lua->script->args_len, &count);
  if (err) return trp_fault_throw_code(L, false, err, "the start arguments are no msgpack value");
  lua_callk(L, count + 1, 0, 0, returned);
  return 0;
}

static int main_entry(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  const trp_source *source = lua->script->source;
  size_t len;
  const char *code = trp_source_code(source, &len);
  if (luaL_loadbufferx(L, code, len, source->chunk, "t") != LUA_OK)
    return trp_fault_throw_code(L, false, TROUPE_E_SCRIPT, lua_tostring(L, -1));
  int count = 0;
  int err = trp_payload_push_args(L, lua->script->args, lua->script->args_len, &count);
  if (err) return trp_fault_throw_code(L, false, err, "the start arguments are no msgpack value");
  lua_callk(L, count, 1, 0, chunk_returned);
  return chunk_returned(L, LUA_OK, 0);
}

/* ---- what tasks have done: outside of the coroutine ---------------------------------------- */

/* Says that init has succeeded: by its return value, or later. */
static void started(trp_lua *lua) {
  lua->started = true;
  if (lua->in_init) return;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  troupe_actor_started(lua->actor);
  TRP_NATIVE_END(frame);
}

void trp_behavior_exit(trp_lua *lua, troupe_exit_class why, int code, const char *reason,
                       const char *traceback) {
  lua->ending = true;
  if (lua->terminating) lua->terminated = true; /* `terminate` itself has asked for it */
  /* a chunk that asks for a clean end has run: that is no failure to start */
  if (lua->style == TRP_STYLE_UNDECIDED && troupe_exit_is_clean(why) && !lua->started) started(lua);
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  troupe_actor_exit(lua->actor, why, code, reason, traceback);
  TRP_NATIVE_END(frame);
}

static void stopped(trp_lua *lua) {
  lua->terminated = true;
  if (lua->in_stop) return;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  troupe_actor_stopped(lua->actor);
  TRP_NATIVE_END(frame);
}

static void begin_terminate(trp_lua *lua) {
  lua->terminating = true;
  trp_task_run(lua, trp_task_new(lua, TRP_TASK_TERMINATE, terminate_entry, NULL));
}

void trp_behavior_task_waits(trp_lua *lua, trp_task *task) {
  if (lua->ending && task->kind != TRP_TASK_TERMINATE) return; /* it has asked for the end */
  if (task->kind == TRP_TASK_MAIN && lua->style == TRP_STYLE_UNDECIDED) {
    lua->style = TRP_STYLE_PROCESS; /* until it returns something else */
    started(lua);
  }
  trp_behavior_keep_message(lua, task);
}

void trp_behavior_keep_message(trp_lua *lua, trp_task *task) {
  if (task->kind != TRP_TASK_MESSAGE || task->kept || task->answered) return;
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  int err = troupe_actor_keep_ask(lua->actor, &task->kept);
  TRP_NATIVE_END(frame);
  /* room is not the question: on_init leaves some for each task */
  if (err) trp_behavior_exit(lua, TROUPE_EXIT_ERROR, err, troupe_strerror(err), NULL);
}

static void main_ended(trp_lua *lua, trp_task *task) {
  if (task->failed) {
    trp_failure f = trp_task_failure(task);
    trp_behavior_exit(lua, lua->started ? TROUPE_EXIT_ERROR : TROUPE_EXIT_INIT_FAILED, f.code,
                      f.message, f.traceback);
    return;
  }
  if (!lua->started) started(lua);
  if (lua->style == TRP_STYLE_PROCESS) trp_behavior_exit(lua, TROUPE_EXIT_NORMAL, 0, NULL, NULL);
}

static void terminate_ended(trp_lua *lua, trp_task *task) {
  if (task->failed) {
    trp_failure f = trp_task_failure(task);
    char who[TRP_REF_TEXT];
    trp_ref_text(troupe_actor_pid(lua->actor), who);
    trp_frame *frame = trp_actor_frame(lua->actor);
    TRP_NATIVE_BEGIN(frame);
    trp_log_write(&troupe_actor_system(lua->actor)->log, TROUPE_LOG_ERROR, who,
                  "terminate failed: %s", f.message);
    TRP_NATIVE_END(frame);
  }
  stopped(lua);
}

void trp_behavior_task_ended(trp_lua *lua, trp_task *task) {
  switch (task->kind) {
  case TRP_TASK_MAIN:
    main_ended(lua, task);
    break;
  case TRP_TASK_TERMINATE:
    terminate_ended(lua, task);
    break;
  case TRP_TASK_MESSAGE:
  case TRP_TASK_SIGNAL:
    if (task->failed) {
      trp_failure f = trp_task_failure(task);
      trp_behavior_exit(lua, TROUPE_EXIT_ERROR, f.code, f.message, f.traceback);
    }
    break;
  }
}

/* ---- messages ------------------------------------------------------------------------------ */

static void push_signal(lua_State *L, const char *name) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_SIGNALS);
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

/* Is the message one that the task waits for? Timers are for nobody: they call their function. */
static bool wants(trp_lua *lua, const trp_task *task, const troupe_message *m) {
  lua_State *L = lua->L;
  if (m->type == TROUPE_MESSAGE_TIMER) return false;
  if (task->any_kind) return true;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_FILTERS);
  lua_rawgetp(L, -1, task);
  if (m->type == TROUPE_MESSAGE_DOWN)
    push_signal(L, "down");
  else
    lua_pushlstring(L, m->kind, m->kind_len);
  lua_rawget(L, -2);
  bool yes = lua_toboolean(L, -1);
  lua_pop(L, 3);
  return yes;
}

int trp_behavior_push_message(lua_State *L, trp_task *task) {
  const troupe_message *m = task->message;
  int count = 2, table = lua_gettop(L) + 1;
  if (m->type == TROUPE_MESSAGE_DOWN) {
    take_monitored(L, m);
    trp_fault_push_exit(L, m->reason);
  } else {
    int err = trp_payload_push_args(L, m->data, m->len, &count);
    if (err) return refuse(trp_lua_of(L), err), err;
  }
  lua_createtable(L, count, 4); /* not larger than trp_codec_decode has made sure of */
  lua_insert(L, table);
  for (int i = count; i > 0; i--)
    lua_rawseti(L, table, i);
  if (m->type == TROUPE_MESSAGE_DOWN) {
    push_signal(L, "down");
    lua_setfield(L, table, "kind");
  } else {
    lua_pushlstring(L, m->kind, m->kind_len);
    lua_setfield(L, table, "kind");
    trp_ref_push(L, m->from, TRP_RIGHTS_COMMON);
    lua_setfield(L, table, "from");
    if (task->kept) {
      uint64_t kept = task->kept;
      task->kept = 0;
      trp_reply_push(L, kept);
      lua_setfield(L, table, "ask");
    }
  }
  lua_pushinteger(L, count);
  lua_setfield(L, table, "n");
  trp_reply_set_message_class(L, table);
  return TROUPE_OK;
}

/* Keeps an ask for the task that it is handed to; false: it has been refused. */
static bool keep_for(trp_lua *lua, trp_task *task, const troupe_message *m) {
  bool fits = trp_collect_room(lua->L, m->len + TRP_COLLECT_KEPT);
  const char *why = fits ? "too many asks are unanswered" : "no memory is left for it";
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  int err = !fits ? TROUPE_E_TOO_BIG : trp_reply_full(lua) ? TROUPE_E_LIMIT : TROUPE_OK;
  if (!err) err = troupe_actor_keep_ask(lua->actor, &task->kept);
  if (err) troupe_actor_reply_error(lua->actor, err, why);
  TRP_NATIVE_END(frame);
  return err == TROUPE_OK;
}

/* Hands a message to a task that waits for it. False: none does. */
static bool hand_over(trp_lua *lua, const troupe_message *m, int *rc) {
  trp_task *task = lua->waiting_first;
  while (task && !wants(lua, task, m))
    task = task->wait_next;
  if (!task) return false;
  *rc = TROUPE_OK;
  if (m->type != TROUPE_MESSAGE_ASK || keep_for(lua, task, m)) trp_task_deliver(lua, task, m);
  return true;
}

static int skip(trp_lua *lua) {
  lua->has_skipped = true;
  return TROUPE_SKIP;
}

/* True when another handler may begin. Those of a process are its timers' functions. */
static bool may_begin(const trp_lua *lua) {
  bool alone = lua->style == TRP_STYLE_BEHAVIOR && !lua->reentrant;
  return (lua->handlers == 0 || !alone) && trp_task_is_free(lua);
}

static void begin(trp_lua *lua, trp_task_kind kind, lua_CFunction entry, const troupe_message *m) {
  trp_task_run(lua, trp_task_new(lua, kind, entry, m));
}

static int dispatch(trp_lua *lua, const troupe_message *m) {
  int rc = TROUPE_OK;
  if (lua->ending) return skip(lua);
  if (m->type == TROUPE_MESSAGE_TIMER && m->user) {
    trp_task_tick(lua, m);
    return TROUPE_OK;
  }
  if (lua->waiting_first && hand_over(lua, m, &rc)) return rc;
  if (m->type == TROUPE_MESSAGE_TIMER) { /* the kernel does not keep a tick that is skipped */
    if (may_begin(lua)) {
      begin(lua, TRP_TASK_SIGNAL, alarm_entry, m);
    } else {
      trp_alarm_defer(lua, m->id, m->missed);
    }
    return TROUPE_OK;
  }
  if (lua->style != TRP_STYLE_BEHAVIOR || !may_begin(lua)) return skip(lua);
  if (m->type == TROUPE_MESSAGE_DOWN)
    begin(lua, TRP_TASK_SIGNAL, down_entry, m);
  else
    begin(lua, TRP_TASK_MESSAGE, message_entry, m);
  return TROUPE_OK;
}

/* What waited for a handler to end. */
static void catch_up(trp_lua *lua) {
  uint64_t id, missed;
  /* nothing else of the actor's comes before a task that was interrupted */
  while (!lua->interrupted && !lua->ending && may_begin(lua) &&
         (id = trp_alarm_take_deferred(lua, &missed)) != 0) {
    troupe_message m = {.type = TROUPE_MESSAGE_TIMER, .kind = "", .id = id, .missed = missed};
    begin(lua, TRP_TASK_SIGNAL, alarm_entry, &m);
  }
  if (lua->interrupted) return;
  bool may_receive = lua->style == TRP_STYLE_BEHAVIOR && may_begin(lua);
  trp_frame *frame = trp_actor_frame(lua->actor);
  TRP_NATIVE_BEGIN(frame);
  if (lua->has_skipped && may_receive) {
    lua->has_skipped = false;
    troupe_actor_rescan(lua->actor);
  }
  trp_task_publish_block(lua);
  TRP_NATIVE_END(frame);
}

/* ---- callbacks ----------------------------------------------------------------------------- */

/* What the kernel counts for each actor. */
static void bound(troupe_actor *self, const trp_limits *limits) {
  uint32_t *most = trp_actor_ledger(self)->book->limit;
  trp_actor_limit_cpu(self, limits->cpu_ms_per_message);
  most[TRP_ITEM_TIMER] = (uint32_t)limits->timers;
  most[TRP_ITEM_ASK] = (uint32_t)limits->asks;
  most[TRP_ITEM_MONITOR] = (uint32_t)limits->monitors;
  most[TRP_ITEM_CALL] = (uint32_t)limits->calls;
  /* Each task may keep the message it handles besides: a flood of asks ends nobody. */
  most[TRP_ITEM_KEPT] = (uint32_t)(limits->reply_handles + limits->tasks + 1);
}

static int on_init(troupe_actor *self, void *arg) {
  trp_lua *lua;
  const trp_script *script = arg;
  trp_actor_throttle(self, script->quota->throttle);
  int err = trp_lua_new(&lua, self, arg);
  if (err) return err;
  bound(self, &lua->script->limits);
  if (lua->script->trusted) trp_actor_leave_in_lua_only(self);
  lua->in_init = true;
  trp_task_run(lua, trp_task_new(lua, TRP_TASK_MAIN, main_entry, NULL));
  lua->in_init = false;
  catch_up(lua);
  trp_lua_leave(lua);
  if (lua->started) return TROUPE_OK;
  return lua->ending ? TROUPE_E_INIT_FAILED : TROUPE_PENDING;
}

static int on_receive(troupe_actor *self, const troupe_message *message) {
  trp_lua *lua = troupe_actor_state(self);
  trp_lua_enter(lua);
  int rc = dispatch(lua, message);
  catch_up(lua);
  trp_lua_leave(lua);
  return rc;
}

/* Goes on with a stop. A task that waits for more than the line belongs to its handler until
 * terminate may run; one that was preempted goes on first. */
static void maybe_terminate(trp_lua *lua) {
  if (!lua->stopping || lua->terminating) return;
  if (!lua->interrupted) trp_task_line_closed(lua);
  if (!lua->interrupted && (lua->handlers == 0 || lua->ending)) begin_terminate(lua);
}

static void on_resume(troupe_actor *self, const troupe_event *event) {
  trp_lua *lua = troupe_actor_state(self);
  trp_task *task = event->user;
  trp_lua_enter(lua);
  if (task && (!lua->ending || task->kind == TRP_TASK_TERMINATE)) {
    trp_task_resume(lua, task, event);
    maybe_terminate(lua);
  }
  catch_up(lua);
  trp_lua_leave(lua);
}

static void on_child(troupe_actor *self, troupe_child *child, troupe_child_event event) {
  trp_lua *lua = troupe_actor_state(self);
  if (!lua) return;
  trp_lua_enter(lua);
  trp_api_on_child(self, child, event);
  maybe_terminate(lua);
  catch_up(lua);
  trp_lua_leave(lua);
}

static int on_stop(troupe_actor *self, const troupe_exit *why) {
  trp_lua *lua = troupe_actor_state(self);
  if (!lua || lua->style != TRP_STYLE_BEHAVIOR || !lua->started) return TROUPE_OK;
  trp_lua_enter(lua);
  lua->why = why;
  lua->stopping = true;
  lua->in_stop = true;
  maybe_terminate(lua);
  lua->in_stop = false;
  trp_lua_leave(lua);
  return lua->terminated ? TROUPE_OK : TROUPE_PENDING;
}

static void on_go_on(troupe_actor *self) {
  trp_lua *lua = troupe_actor_state(self);
  trp_lua_enter(lua);
  trp_task_go_on(lua);
  maybe_terminate(lua);
  catch_up(lua);
  trp_lua_leave(lua);
}

static void on_close(troupe_actor *self) {
  trp_lua *lua = troupe_actor_state(self);
  if (!lua) return;
  trp_lua_enter(lua);
  trp_lua_close(lua);
  trp_lua_leave(lua);
}

static void on_fini(troupe_actor *self) {
  trp_lua *lua = troupe_actor_state(self);
  troupe_actor_set_state(self, NULL);
  if (lua) trp_lua_enter(lua); /* it may end on another worker than it last ran on */
  trp_lua_free(lua);
}

const troupe_behavior trp_script_behavior = {
    .size = sizeof(troupe_behavior),
    .name = "script",
    .init = on_init,
    .receive = on_receive,
    .resume = on_resume,
    .child = on_child,
    .stop = on_stop,
    .close = on_close,
    .preempt = trp_lua_preempt,
    .go_on = on_go_on,
    .info = trp_info_fill,
    .fini = on_fini,
};
