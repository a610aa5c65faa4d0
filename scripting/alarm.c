#include "scripting/alarm.h"

#include <lauxlib.h>

#include "scripting/check.h"
#include "scripting/fault.h"

#define META "troupe.timer"

typedef struct alarm_handle {
  uint64_t id;
} alarm_handle;

/* In TRP_REG_ALARMS a timer is {function, periodic}. */
enum { ALARM_FUNCTION = 1, ALARM_PERIODIC };

static int start(lua_State *L, bool periodic) {
  trp_lua *lua = trp_lua_of(L);
  uint64_t ms = trp_check_ms(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (periodic && ms == 0) return luaL_argerror(L, 1, "a period is at least 1 ms");
  alarm_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  h->id = 0;
  luaL_setmetatable(L, META);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_ALARMS);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, ALARM_FUNCTION);
  lua_pushboolean(L, periodic);
  lua_rawseti(L, -2, ALARM_PERIODIC);
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  int err = troupe_actor_timer(lua->actor, ms, periodic ? ms : 0, false, NULL, &h->id);
  TRP_NATIVE_END(frame);
  if (err) return trp_fault_throw_limit(L, false, err, TROUPE_LIMIT_TIMERS);
  lua_rawseti(L, -2, (lua_Integer)h->id);
  lua_pop(L, 1);
  lua->timers++;
  return 1;
}

int trp_alarm_after(lua_State *L) { return start(L, false); }
int trp_alarm_every(lua_State *L) { return start(L, true); }

/* Forgets a timer; the table of alarms is on top. */
static void forget(lua_State *L, uint64_t id) {
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)id);
  trp_lua_of(L)->timers--;
}

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
  if (active) {
    forget(L, h->id);
    trp_frame *frame = trp_lua_frame(L);
    TRP_NATIVE_BEGIN(frame);
    troupe_actor_cancel_timer(lua->actor, h->id);
    TRP_NATIVE_END(frame);
  }
  lua_pushboolean(L, active);
  return 1;
}

void trp_alarm_defer(trp_lua *lua, uint64_t id) {
  lua_State *L = lua->L;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_DEFERRED);
  if (lua_rawgeti(L, -1, -(lua_Integer)id) == LUA_TNIL) {
    lua_pushboolean(L, 1);
    lua_rawseti(L, -3, -(lua_Integer)id);
    lua_pushinteger(L, (lua_Integer)id);
    lua_rawseti(L, -3, (lua_Integer)++lua->deferred_end);
  }
  lua_pop(L, 2);
}

uint64_t trp_alarm_take_deferred(trp_lua *lua) {
  if (lua->deferred_first == lua->deferred_end) return 0;
  lua_State *L = lua->L;
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_DEFERRED);
  lua_rawgeti(L, -1, (lua_Integer)++lua->deferred_first);
  lua_Integer id = lua_tointeger(L, -1);
  lua_pushnil(L);
  lua_rawseti(L, -3, (lua_Integer)lua->deferred_first);
  lua_pushnil(L);
  lua_rawseti(L, -3, -id);
  lua_pop(L, 2);
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
