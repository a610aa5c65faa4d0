/* troupe.app, the Lua side. What it returns is an actor with one handler, which gives the data, so
 * that app.lua is a script like any other. */
#include "scripting/app.h"

#include <lauxlib.h>

#include "scripting/behavior.h"
#include "scripting/codec.h"
#include "scripting/scratch.h"

static int give_data(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return 1;
}

/* app(table). Encoded once on trial: an error here names the line of the call. */
static int app(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  trp_scratch *scratch = trp_lua_of(L)->scratch;
  int err = trp_codec_encode_value(L, 1, scratch);
  if (err) {
    luaL_gsub(L, lua_tostring(L, -1), "(at value", "(at app");
    return luaL_error(L, "%s", lua_tostring(L, -1));
  }
  trp_scratch_reset(scratch, trp_lua_frame(L));
  lua_createtable(L, 0, 4);
  lua_pushliteral(L, "app");
  lua_setfield(L, -2, "name");
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, give_data, 1);
  lua_setfield(L, -2, TRP_APP_KIND);
  lua_setfield(L, -2, "on");
  lua_newtable(L);
  lua_setfield(L, -2, "signal");
  luaL_setmetatable(L, TRP_BEHAVIOR_META);
  return 1;
}

int trp_app_open(lua_State *L) {
  lua_pushcfunction(L, app);
  return 1;
}
