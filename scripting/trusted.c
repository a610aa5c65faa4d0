#include "scripting/trusted.h"

#include <lauxlib.h>
#include <lualib.h>

#include "scripting/sandbox.h"

static int refuse(lua_State *L) {
  return luaL_error(L, "%s is the runtime's, not a script's", lua_tostring(L, lua_upvalueindex(1)));
}

/* Puts a function that raises into the table on top. */
static void forbid(lua_State *L, const char *field, const char *name) {
  lua_pushstring(L, name);
  lua_pushcclosure(L, refuse, 1);
  lua_setfield(L, -2, field);
}

/* Fills the table at `into` with what only the one on top has, which it pops. */
static void add_missing(lua_State *L, int into) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pushvalue(L, -2);
    if (lua_rawget(L, into) == LUA_TNIL) {
      lua_pushvalue(L, -3);
      lua_pushvalue(L, -3);
      lua_rawset(L, into);
    }
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

/* Opens a stock library, and adds what the sandbox's table of that name lacks, or the whole. */
static void add_library(lua_State *L, int globals, const char *name, lua_CFunction open) {
  lua_pushcfunction(L, open);
  lua_pushstring(L, name);
  lua_call(L, 1, 1);
  if (lua_getfield(L, globals, name) == LUA_TTABLE) {
    lua_insert(L, -2);
    add_missing(L, lua_absindex(L, -2));
  } else {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, globals, name);
  }
  lua_pop(L, 1);
}

/* What the stock base library does better than the sandbox's, for somebody trusted. */
static void take_base(lua_State *L, int globals, int stock) {
  static const char *const names[] = {"collectgarbage", "load", "setmetatable"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_getfield(L, stock, names[i]);
    lua_setfield(L, globals, names[i]);
  }
  lua_getfield(L, stock, "require");
  lua_setfield(L, globals, "require");
  lua_pushvalue(L, stock);
  add_missing(L, globals);
}

/* The runtime's modules and the actor's files come right after package.preload. */
static void add_searcher(lua_State *L, int globals) {
  lua_getfield(L, globals, "package");
  lua_getfield(L, -1, "searchers");
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i >= 2; i--) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushcfunction(L, trp_sandbox_search);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 2);
}

void trp_trusted_open(lua_State *L) {
  lua_pushboolean(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  int globals = lua_gettop(L);
  lua_newtable(L); /* the stock base library and package fill the registry's table of globals */
  int stock = lua_gettop(L);
  lua_pushvalue(L, stock);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushliteral(L, ""); /* the stock string library would become what strings index */
  lua_getmetatable(L, -1);
  lua_remove(L, -2);
  int strings = lua_gettop(L);

  add_library(L, stock, LUA_GNAME, luaopen_base);
  add_library(L, globals, LUA_LOADLIBNAME, luaopen_package);
  add_library(L, globals, LUA_STRLIBNAME, luaopen_string);
  add_library(L, globals, LUA_IOLIBNAME, luaopen_io);
  add_library(L, globals, LUA_OSLIBNAME, luaopen_os);
  add_library(L, globals, LUA_DBLIBNAME, luaopen_debug);

  lua_pushliteral(L, "");
  lua_pushvalue(L, strings);
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  lua_pushvalue(L, globals);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  take_base(L, globals, stock);
  add_searcher(L, globals);
  lua_getfield(L, globals, "os");
  forbid(L, "exit", "os.exit");
  forbid(L, "setlocale", "os.setlocale");
  lua_getfield(L, globals, "debug");
  forbid(L, "sethook", "debug.sethook");
  lua_settop(L, globals - 1);
}
