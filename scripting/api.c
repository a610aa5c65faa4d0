#include "scripting/api.h"

#include <string.h>

#include <troupe/system.h>

#include <lauxlib.h>

#include "actors/base/clock.h"
#include "scripting/alarm.h"
#include "scripting/behavior.h"
#include "scripting/check.h"
#include "scripting/codec.h"
#include "scripting/collect.h"
#include "scripting/fault.h"
#include "scripting/info.h"
#include "scripting/logging.h"
#include "scripting/modules.h"
#include "scripting/payload.h"
#include "scripting/ref.h"
#include "scripting/reply.h"
#include "scripting/script.h"
#include "scripting/task.h"
#include "tools/call.h"
#include "tools/grants.h"

/* ---- the actor itself ---------------------------------------------------------------------- */

/* actor(name[, options]): the object that a chunk of behaviour style returns. */
static int api_actor(lua_State *L) {
  static const char *const keys[] = {"reentrant", NULL};
  luaL_checktype(L, 1, LUA_TSTRING);
  trp_check_options(L, 2, "actor", keys);
  bool reentrant = trp_check_option_flag(L, 2, "reentrant");
  lua_createtable(L, 0, 8);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "name");
  lua_newtable(L);
  lua_setfield(L, -2, "on");
  lua_newtable(L);
  lua_setfield(L, -2, "signal");
  lua_pushboolean(L, reentrant);
  lua_setfield(L, -2, "reentrant");
  luaL_setmetatable(L, TRP_BEHAVIOR_META);
  return 1;
}

static int never(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  return luaL_error(L, "the actor has ended");
}

/* Asks for the end and stops the task for good where it stands. */
static int leave(lua_State *L, troupe_exit_class why, const char *text) {
  trp_behavior_exit(trp_lua_of(L), why, why == TROUPE_EXIT_ERROR ? TROUPE_E_ERROR : 0, text, NULL);
  if (trp_lua_can_wait(L)) return trp_lua_wait(L, 0, never);
  return luaL_error(L, "the actor has ended");
}

static int api_exit(lua_State *L) {
  static const struct {
    const char *name;
    troupe_exit_class class_;
  } classes[] = {{"normal", TROUPE_EXIT_NORMAL},
                 {"shutdown", TROUPE_EXIT_SHUTDOWN},
                 {"error", TROUPE_EXIT_ERROR}};
  const char *name = luaL_optstring(L, 1, "normal");
  const char *text = luaL_optstring(L, 2, NULL);
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (strcmp(name, classes[i].name) == 0) return leave(L, classes[i].class_, text);
  return luaL_argerror(L, 1, "a reason is \"normal\", \"shutdown\" or \"error\"");
}

static int api_restart(lua_State *L) {
  return leave(L, TROUPE_EXIT_RESTART_REQUESTED, luaL_optstring(L, 1, NULL));
}

static int api_self(lua_State *L) {
  trp_ref_push(L, troupe_actor_pid(trp_lua_of(L)->actor), TRP_RIGHTS_COMMON);
  return 1;
}

static int api_from(lua_State *L) {
  trp_ref_push(L, trp_lua_of(L)->task->from, TRP_RIGHTS_COMMON);
  return 1;
}

static int api_whereis(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  size_t len;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *name = lua_tolstring(L, 1, &len);
  if (!trp_grants_may_name(lua->script->grants, name, len)) {
    lua_pushfstring(L, "permissions.names does not hold '%s'", name);
    return trp_fault_throw_code(L, false, TROUPE_E_DENIED, lua_tostring(L, -1));
  }
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  troupe_pid pid = troupe_whereis(troupe_actor_system(lua->actor), name);
  TRP_NATIVE_END(frame);
  trp_ref_push(L, pid, TRP_RIGHTS_COMMON);
  return 1;
}

/* ---- waiting ------------------------------------------------------------------------------- */

static int slept(lua_State *L, int status, lua_KContext ctx) {
  (void)L, (void)status, (void)ctx;
  return 0;
}

static int api_sleep(lua_State *L) {
  uint64_t ms = trp_check_ms(L, 1);
  if (!trp_lua_can_wait(L)) return trp_lua_cannot_wait(L, "sleep");
  int err = trp_task_sleep(trp_lua_of(L), ms);
  if (err) return trp_fault_throw_limit(L, false, err, TROUPE_LIMIT_TIMERS);
  return trp_lua_wait(L, 0, slept);
}

/* Pushes the set of the kinds in the array at `kinds`. */
static void push_filter(lua_State *L, int kinds) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, kinds);
  lua_createtable(L, 0, (int)(n < 64 ? n : 64));
  if (n == 0) luaL_error(L, "option 'kinds' must name at least one kind");
  for (lua_Integer i = 1; i <= n; i++) {
    int type = lua_rawgeti(L, kinds, i);
    if (type != LUA_TSTRING && !luaL_testudata(L, -1, "troupe.signal"))
      luaL_error(L, "option 'kinds': entry %d is neither a string nor one of troupe.signals",
                 (int)i);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
}

static int received(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  trp_lua *lua = trp_lua_of(L);
  trp_task *task = lua->task;
  if (!task->message) {
    lua_pushnil(L);
    return 1;
  }
  if (trp_behavior_push_message(L, task) == TROUPE_OK) return 1;
  /* as if it had not come */
  uint64_t now = trp_system_now_ns(troupe_actor_system(lua->actor)), ms = UINT64_MAX;
  if (task->limit_ns != UINT64_MAX)
    ms = task->limit_ns > now ? (task->limit_ns - now) / TRP_NS_PER_MS : 0;
  int err = trp_task_want_line(lua, ms);
  if (err) return trp_fault_throw_limit(L, false, err, TROUPE_LIMIT_TIMERS);
  return trp_lua_wait(L, 0, received);
}

static int api_receive(lua_State *L) {
  static const char *const keys[] = {"kinds", "timeout_ms", NULL};
  trp_lua *lua = trp_lua_of(L);
  trp_check_options(L, 1, "receive", keys);
  uint32_t ms = trp_check_option_ms(L, 1, "timeout_ms", TROUPE_INFINITY, true);
  int type = trp_check_option(L, 1, "kinds");
  if (type != LUA_TNIL && type != LUA_TTABLE)
    return luaL_error(L, "option 'kinds' must be a list of kinds");
  if (lua->style == TRP_STYLE_BEHAVIOR)
    return luaL_error(L, "receive: an actor of behaviour style gets its messages in `on`");
  if (!trp_lua_can_wait(L)) return trp_lua_cannot_wait(L, "receive");
  lua->task->any_kind = type == LUA_TNIL;
  if (type == LUA_TTABLE) {
    int kinds = lua_gettop(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_FILTERS);
    push_filter(L, kinds);
    lua_rawsetp(L, -2, lua->task);
  }
  lua_settop(L, 0);
  int err = trp_task_want_line(lua, ms == TROUPE_INFINITY ? UINT64_MAX : ms);
  if (err) return trp_fault_throw_limit(L, false, err, TROUPE_LIMIT_TIMERS);
  return trp_lua_wait(L, 0, received);
}

/* ---- tools --------------------------------------------------------------------------------- */

static void set_text(lua_State *L, const char *key, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, key);
}

/* Pushes the error of a tool: what the call's failure says beside code and message. */
static void push_failure(lua_State *L, const troupe_event *event) {
  const trp_call_failure *f = event->data;
  if (!f || event->len != sizeof *f) {
    trp_fault_push_event(L, event);
    return;
  }
  trp_fault_push(L, event->code, f->message);
  set_text(L, "code", f->code);
  set_text(L, "tool", f->tool);
  set_text(L, "outcome", troupe_outcome_name(f->outcome));
  lua_pushinteger(L, f->attempts);
  lua_setfield(L, -2, "attempts");
  lua_pushboolean(L, f->retryable);
  lua_setfield(L, -2, "retryable");
  if (f->budget_exhausted) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "budget_exhausted");
  }
  if (f->retry_after_ms && f->retry_after_ms != UINT64_MAX) {
    lua_pushinteger(L, (lua_Integer)f->retry_after_ms);
    lua_setfield(L, -2, "retry_after_ms");
  }
}

static int called(lua_State *L, int status, lua_KContext quiet) {
  (void)status;
  const troupe_event *event = trp_lua_of(L)->task->event;
  if (event->code != TROUPE_OK) {
    push_failure(L, event);
    return trp_fault_throw(L, quiet != 0);
  }
  int err = trp_payload_push_value(L, event->data, event->len);
  return err ? trp_fault_throw_code(L, quiet != 0, err, NULL) : 1;
}

static int call(lua_State *L, bool quiet) {
  static const char *const keys[] = {"timeout_ms", NULL};
  trp_lua *lua = trp_lua_of(L);
  size_t name_len;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *name = lua_tolstring(L, 1, &name_len);
  trp_check_options(L, 3, "call", keys);
  trp_call_opts opts = {.timeout_ms = trp_check_option_limit_ms(L, 3, "timeout_ms", 0, false),
                        .max_result_bytes = (size_t)lua->script->limits.message_bytes,
                        .user = lua->task};
  if (!trp_lua_can_wait(L)) return trp_lua_cannot_wait(L, "call");
  lua_settop(L, 3);
  trp_payload p;
  int err = trp_payload_value(L, 2, &p);
  if (err) return trp_fault_throw_limit(L, quiet, err, TROUPE_LIMIT_MESSAGE_BYTES);
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  trp_task_publish_block(lua);
  err = trp_call_start(lua->actor, name, name_len, lua->script->grants, p.data, p.len, &opts,
                       &lua->task->wait_id);
  trp_payload_done(lua);
  TRP_NATIVE_END(frame);
  if (err) return trp_fault_throw_limit(L, quiet, err, TROUPE_LIMIT_CALLS);
  return trp_lua_wait(L, quiet, called);
}

int trp_api_call(lua_State *L) { return call(L, false); }
int trp_api_try_call(lua_State *L) { return call(L, true); }

/* ---- small things -------------------------------------------------------------------------- */

/* array(t): t is encoded as an array even when it is empty. */
static int api_array(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);
  if (lua_getmetatable(L, 1) && !lua_rawequal(L, -1, -2))
    return luaL_argerror(L, 1, "a table without a metatable expected");
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int api_now_ms(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  lua_pushinteger(
      L, (lua_Integer)(trp_system_now_ns(troupe_actor_system(lua->actor)) / TRP_NS_PER_MS));
  return 1;
}

static int api_stats(lua_State *L) {
  troupe_stats stats;
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  troupe_system_stats(troupe_actor_system(trp_lua_of(L)->actor), &stats);
  TRP_NATIVE_END(frame);
  const struct {
    const char *name;
    uint64_t value;
  } counters[] = {{"actors", stats.actors},
                  {"spawned", stats.spawned},
                  {"sent", stats.sent},
                  {"handled", stats.handled},
                  {"crashes", stats.crashes},
                  {"restarts", stats.restarts},
                  {"filled", stats.filled},
                  {"parked", stats.parked},
                  {"signals_dropped", stats.signals_dropped},
                  {"calls", stats.calls},
                  {"call_failures", stats.call_failures},
                  {"retries", stats.retries},
                  {"breaker_trips", stats.breaker_trips},
                  {"memory_bytes", stats.memory_bytes},
                  {"memory_limit_bytes", stats.memory_limit_bytes}};
  lua_createtable(L, 0, 16);
  for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
    lua_pushinteger(L, (lua_Integer)counters[i].value);
    lua_setfield(L, -2, counters[i].name);
  }
  lua_createtable(L, 0, TROUPE_DEAD_COUNT);
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++) {
    lua_pushinteger(L, (lua_Integer)stats.dead[i]);
    lua_setfield(L, -2, troupe_dead_reason_name((troupe_dead_reason)i));
  }
  lua_setfield(L, -2, "dead");
  lua_createtable(L, 0, TROUPE_LIMIT_COUNT);
  for (int i = 0; i < TROUPE_LIMIT_COUNT; i++) {
    lua_pushinteger(L, (lua_Integer)stats.limits[i]);
    lua_setfield(L, -2, troupe_limit_name((troupe_limit)i));
  }
  lua_setfield(L, -2, "limits");
  return 1;
}

/* ---- the module ---------------------------------------------------------------------------- */

/* A table whose fields are read only; `of` is the one on top, which it hides. */
static int refuse_write(lua_State *L) {
  return luaL_error(L, "the modules of the framework cannot be changed");
}

static void protect(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

int trp_api_open_signals(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_SIGNALS);
  protect(L);
  return 1;
}

/* Adds what higher layers have registered under "troupe." to the module on top. */
static void add_registered(lua_State *L) {
  troupe_system *sys = troupe_actor_system(trp_lua_of(L)->actor);
  trp_frame *frame = trp_lua_frame(L);
  for (size_t i = 0;; i++) {
    lua_CFunction open = NULL;
    TRP_NATIVE_BEGIN(frame);
    const char *name = trp_script_module_at(sys, i, &open);
    TRP_NATIVE_END(frame);
    if (!name) return;
    if (strncmp(name, "troupe.", 7) != 0) continue;
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_LOADED); /* `require` gives the same object */
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
    lua_setfield(L, -2, name + 7);
  }
}

int trp_api_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"actor", api_actor},
                                       {"exit", api_exit},
                                       {"restart", api_restart},
                                       {"spawn", trp_api_spawn},
                                       {"try_spawn", trp_api_try_spawn},
                                       {"whereis", api_whereis},
                                       {"self", api_self},
                                       {"from", api_from},
                                       {"sleep", api_sleep},
                                       {"after", trp_alarm_after},
                                       {"every", trp_alarm_every},
                                       {"idle_after", trp_alarm_idle_after},
                                       {"receive", api_receive},
                                       {"call", trp_api_call},
                                       {"try_call", trp_api_try_call},
                                       {"reply_later", trp_reply_later},
                                       {"forward", trp_reply_forward},
                                       {"array", api_array},
                                       {"now_ms", api_now_ms},
                                       {"stats", api_stats},
                                       {"info", trp_info_of_self},
                                       {"hibernate", trp_collect_hibernate},
                                       {NULL, NULL}};
  trp_lua *lua = trp_lua_of(L);
  luaL_newlib(L, functions);
  trp_logging_open(L);
  protect(L);
  lua_setfield(L, -2, "log");
  trp_api_open_signals(L);
  lua_setfield(L, -2, "signals");
  int count = 0, module = lua_gettop(L);
  if (trp_payload_push_args(L, lua->script->args, lua->script->args_len, &count) == TROUPE_OK) {
    lua_settop(L, module + 1); /* app.lua has any number of them, all others have one */
    lua_setfield(L, module, "args");
  }
  add_registered(L);
  protect(L);
  return 1;
}
