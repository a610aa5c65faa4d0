/* `load` for scripts: text only, at most limits.load_bytes, in the environment given or the
 * caller's, under a name that shows what it is. */
#include <string.h>

#include <lauxlib.h>

#include "actors/system.h"
#include "scripting/sandbox.h"
#include "scripting/script.h"
#include "scripting/state.h"

/* Replaces the function on top, which is at ar, by its innermost local _ENV, or its upvalue of that
 * name. */
static bool replace_by_env(lua_State *L, lua_Debug *ar) {
  const char *name;
  int found = 0;
  for (int i = 1; (name = lua_getlocal(L, ar, i)) != NULL; i++) {
    if (strcmp(name, "_ENV") == 0) found = i; /* the innermost is the last */
    lua_pop(L, 1);
  }
  if (found) {
    lua_getlocal(L, ar, found);
    lua_replace(L, -2);
    return true;
  }
  for (int i = 1; (name = lua_getupvalue(L, -1, i)) != NULL; i++) {
    if (strcmp(name, "_ENV") == 0) {
      lua_replace(L, -2);
      return true;
    }
    lua_pop(L, 1);
  }
  return false;
}

/* Pushes the _ENV of the Lua function that has called, also through pcall and the like. One that
 * uses no globals has none, and must say which it wants: to take the actor's globals would lead out
 * of an environment that a script has made for others. */
static void push_environment(lua_State *L) {
  lua_Debug ar;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "f", &ar);
    if (!lua_iscfunction(L, -1)) {
      if (replace_by_env(L, &ar)) return;
      break;
    }
    lua_pop(L, 1);
  }
  luaL_error(L, "load: the caller has no _ENV; give the environment as the fourth argument");
}

static size_t most_bytes(lua_State *L) { return (size_t)trp_lua_of(L)->script->limits.load_bytes; }

static int refuse(lua_State *L, const char *why) {
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

static int refuse_size(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  char text[TRP_LIMIT_TEXT];
  trp_count_limit(troupe_actor_system(lua->actor), TROUPE_LIMIT_LOAD_BYTES);
  trp_limits_say(&lua->script->limits, TROUPE_LIMIT_LOAD_BYTES, text, sizeof text);
  return refuse(L, text);
}

/* Calls the reader until it gives no more; leaves the whole text on top. False: too much. */
static bool read_pieces(lua_State *L, int reader) {
  size_t total = 0;
  lua_pushliteral(L, "");
  int pieces = 0;
  for (;;) {
    luaL_checkstack(L, 4, "too many pieces");
    lua_pushvalue(L, reader);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) break;
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "reader function must return a string");
    size_t n = lua_rawlen(L, -1);
    if (n == 0) break;
    total += n;
    if (total > most_bytes(L)) return false;
    if (++pieces == 100) { /* the stack stays short, and joining stays cheap */
      lua_concat(L, pieces + 1);
      pieces = 0;
    }
  }
  lua_pop(L, 1);
  lua_concat(L, pieces + 1);
  return true;
}

int trp_sandbox_load(lua_State *L) {
  const char *mode = luaL_optstring(L, 3, "bt");
  bool has_env = !lua_isnone(L, 4);
  luaL_argexpected(L, lua_type(L, 1) == LUA_TSTRING || lua_isfunction(L, 1), 1,
                   "string or function");
  luaL_optstring(L, 2, NULL); /* the name is not used: error messages could pretend to be others */
  lua_settop(L, 4);
  if (lua_isfunction(L, 1)) {
    if (!read_pieces(L, 1)) return refuse_size(L);
    lua_replace(L, 1);
  }
  if (!strchr(mode, 't'))
    return refuse(L, lua_pushfstring(L, "attempt to load a text chunk (mode is '%s')", mode));
  size_t len;
  const char *text = lua_tolstring(L, 1, &len);
  if (len > most_bytes(L)) return refuse_size(L);
  if (luaL_loadbufferx(L, text, len, "=(load)", "t") != LUA_OK) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  if (has_env)
    lua_pushvalue(L, 4);
  else
    push_environment(L);
  if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
  return 1;
}
