#include "scripting/alarm.h"

#include <lauxlib.h>

#include "scripting/check.h"
#include "scripting/fault.h"

#define META "troupe.timer"

typedef struct alarm_handle {
  uint64_t id;
} alarm_handle;

/* In TRP_REG_ALARMS a timer is {function, periodic, key or nil}, and a key is a timer's id. */
enum { ALARM_FUNCTION = 1, ALARM_PERIODIC, ALARM_KEY };

typedef enum alarm_sort { AFTER, EVERY, IDLE_AFTER } alarm_sort;

/* The timer whose key is at `key` (nil: none), or 0; the table of alarms is at `alarms`. */
static uint64_t id_of_key(lua_State *L, int alarms, int key) {
  if (lua_isnil(L, key)) return 0;
  lua_pushvalue(L, key);
  lua_rawget(L, alarms);
  uint64_t id = (uint64_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return id;
}

/* Forgets a timer; the table of alarms is on top. */
static void forget(lua_State *L, uint64_t id) {
  lua_rawgeti(L, -1, (lua_Integer)id);
  if (lua_rawgeti(L, -1, ALARM_KEY) != LUA_TNIL) {
    lua_pushnil(L);
    lua_rawset(L, -4);
  } else {
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)id);
  trp_lua_of(L)->timers--;
}

/* Notes the function and the key at these places for a timer; the table of alarms is on top. */
static void note(lua_State *L, uint64_t id, int function, bool periodic, int key) {
  lua_createtable(L, 3, 0);
  lua_pushvalue(L, function);
  lua_rawseti(L, -2, ALARM_FUNCTION);
  lua_pushboolean(L, periodic);
  lua_rawseti(L, -2, ALARM_PERIODIC);
  lua_pushvalue(L, key);
  lua_rawseti(L, -2, ALARM_KEY);
  lua_rawseti(L, -2, (lua_Integer)id);
  if (!lua_isnil(L, key)) {
    lua_pushvalue(L, key);
    lua_pushinteger(L, (lua_Integer)id);
    lua_rawset(L, -3);
  }
  trp_lua_of(L)->timers++;
}

static int start(lua_State *L, alarm_sort sort) {
  static const char *const names[] = {"after", "every", "idle_after"};
  static const char *const keys[] = {"key", NULL};
  enum { FUNCTION = 2, OPTIONS, KEY, HANDLE, ALARMS };
  trp_lua *lua = trp_lua_of(L);
  uint64_t ms = trp_check_ms(L, 1);
  luaL_checktype(L, FUNCTION, LUA_TFUNCTION);
  if (sort != AFTER && ms == 0) return luaL_argerror(L, 1, "at least 1 ms expected");
  lua_settop(L, OPTIONS);
  trp_check_options(L, OPTIONS, names[sort], keys);
  trp_check_option_text(L, OPTIONS, "key"); /* stays, at KEY */
  lua_settop(L, KEY);
  alarm_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  h->id = 0;
  luaL_setmetatable(L, META);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_ALARMS);
  uint64_t old = id_of_key(L, ALARMS, KEY);
  const troupe_timer_opts opts = {.size = sizeof opts,
                                  .delay_ms = ms,
                                  .period_ms = sort == EVERY ? ms : 0,
                                  .idle = sort == IDLE_AFTER,
                                  .replaces = old};
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  int err = troupe_actor_start_timer(lua->actor, &opts, &h->id);
  TRP_NATIVE_END(frame);
  if (err) return trp_fault_throw_limit(L, false, err, TROUPE_LIMIT_TIMERS);
  if (old) forget(L, old);
  note(L, h->id, FUNCTION, sort == EVERY, KEY);
  lua_settop(L, HANDLE);
  return 1;
}

int trp_alarm_after(lua_State *L) { return start(L, AFTER); }
int trp_alarm_every(lua_State *L) { return start(L, EVERY); }
int trp_alarm_idle_after(lua_State *L) { return start(L, IDLE_AFTER); }

bool trp_alarm_push(lua_State *L, uint64_t id) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_ALARMS);
  if (lua_rawgeti(L, -1, (lua_Integer)id) == LUA_TNIL) {
    lua_pop(L, 2);
    return false;
  }
  lua_rawgeti(L, -1, ALARM_FUNCTION);
  lua_rawgeti(L, -2, ALARM_PERIODIC);
  bool periodic = lua_toboolean(L, -1);
  lua_pop(L, 1);
  lua_insert(L, -3); /* function, alarms, alarm */
  lua_pop(L, 1);
  if (!periodic) forget(L, id);
  lua_pop(L, 1);
  return true;
}

static int cancel(lua_State *L) {
  const alarm_handle *h = luaL_checkudata(L, 1, META);
  trp_lua *lua = trp_lua_of(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_ALARMS);
  bool active = lua_rawgeti(L, -1, (lua_Integer)h->id) != LUA_TNIL;
  lua_pop(L, 1);
  if (!active) {
    lua_pushboolean(L, 0);
    return 1;
  }
  forget(L, h->id);
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  int64_t left_ms = troupe_actor_timer_left_ms(lua->actor, h->id);
  troupe_actor_cancel_timer(lua->actor, h->id);
  TRP_NATIVE_END(frame);
  lua_pushinteger(L, left_ms > 0 ? left_ms : 0); /* none is left of one whose tick is deferred */
  return 1;
}

void trp_alarm_defer(trp_lua *lua, uint64_t id, uint64_t missed) {
  lua_State *L = lua->L;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_DEFERRED);
  if (lua_rawgeti(L, -1, -(lua_Integer)id) == LUA_TNIL) {
    lua_pushinteger(L, (lua_Integer)id);
    lua_rawseti(L, -3, (lua_Integer)++lua->deferred_end);
  } else {
    missed += (uint64_t)lua_tointeger(L, -1) + 1;
  }
  lua_pushinteger(L, (lua_Integer)missed);
  lua_rawseti(L, -3, -(lua_Integer)id);
  lua_pop(L, 2);
}

uint64_t trp_alarm_take_deferred(trp_lua *lua, uint64_t *missed) {
  if (lua->deferred_first == lua->deferred_end) return 0;
  lua_State *L = lua->L;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_DEFERRED);
  lua_rawgeti(L, -1, (lua_Integer)++lua->deferred_first);
  lua_Integer id = lua_tointeger(L, -1);
  lua_rawgeti(L, -2, -id);
  *missed = (uint64_t)lua_tointeger(L, -1);
  lua_pushnil(L);
  lua_rawseti(L, -4, (lua_Integer)lua->deferred_first);
  lua_pushnil(L);
  lua_rawseti(L, -4, -id);
  lua_pop(L, 3);
  return (uint64_t)id;
}

static int alarm_tostring(lua_State *L) {
  const alarm_handle *h = luaL_checkudata(L, 1, META);
  lua_pushfstring(L, "timer<%I>", (LUAI_UACINT)h->id);
  return 1;
}

void trp_alarm_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"cancel", cancel}, {NULL, NULL}};
  luaL_newmetatable(L, META);
  lua_pushcfunction(L, alarm_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
