#include "scripting/check.h"

#include <string.h>

#include <troupe/actor.h>

#include <lauxlib.h>

/* The largest duration of an option: those are 32-bit numbers, of which the last means infinity. */
#define MS_MAX (UINT32_MAX - 1)

static bool known(const char *key, const char *const keys[]) {
  for (size_t i = 0; keys[i]; i++)
    if (strcmp(key, keys[i]) == 0) return true;
  return false;
}

static int unknown_key(lua_State *L, const char *verb, const char *key, const char *const keys[]) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; keys[i]; i++) {
    if (i) luaL_addstring(&b, ", ");
    luaL_addstring(&b, keys[i]);
  }
  luaL_pushresult(&b);
  return luaL_error(L, "%s: unknown option '%s' (known: %s)", verb, key, lua_tostring(L, -1));
}

bool trp_check_options(lua_State *L, int arg, const char *verb, const char *const keys[]) {
  if (lua_isnoneornil(L, arg)) return false;
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "%s: options have names, not keys of type %s", verb, luaL_typename(L, -1));
    const char *key = lua_tostring(L, -1);
    if (strlen(key) != lua_rawlen(L, -1) || !known(key, keys))
      unknown_key(L, verb, lua_tostring(L, -1), keys);
  }
  return true;
}

int trp_check_option(lua_State *L, int arg, const char *key) {
  if (lua_type(L, arg) != LUA_TTABLE) {
    lua_pushnil(L);
    return LUA_TNIL;
  }
  lua_pushstring(L, key);
  return lua_rawget(L, arg);
}

static bool to_ms(lua_State *L, int idx, uint64_t most, uint64_t *ms) {
  int ok = 0;
  lua_Integer n = lua_type(L, idx) == LUA_TNUMBER ? lua_tointegerx(L, idx, &ok) : 0;
  if (!ok || n < 0 || (uint64_t)n > most) return false;
  *ms = (uint64_t)n;
  return true;
}

static uint32_t read_ms(lua_State *L, int arg, const char *key, uint32_t missing, uint32_t zero,
                        bool infinity) {
  int type = trp_check_option(L, arg, key);
  uint64_t ms = missing;
  if (infinity && type == LUA_TSTRING && strcmp(lua_tostring(L, -1), "infinity") == 0) {
    ms = TROUPE_INFINITY;
  } else if (type != LUA_TNIL && !to_ms(L, -1, MS_MAX, &ms)) {
    luaL_error(L, "option '%s' must be an integral number of milliseconds%s", key,
               infinity ? " or \"infinity\"" : "");
  }
  lua_pop(L, 1);
  return type != LUA_TNIL && ms == 0 ? zero : (uint32_t)ms;
}

uint32_t trp_check_option_ms(lua_State *L, int arg, const char *key, uint32_t missing,
                             bool infinity) {
  return read_ms(L, arg, key, missing, 0, infinity);
}

uint32_t trp_check_option_limit_ms(lua_State *L, int arg, const char *key, uint32_t missing,
                                   bool infinity) {
  return read_ms(L, arg, key, missing, 1, infinity);
}

uint64_t trp_check_option_int(lua_State *L, int arg, const char *key, uint64_t missing,
                              uint64_t min, uint64_t max) {
  uint64_t value = missing;
  if (trp_check_option(L, arg, key) != LUA_TNIL) {
    int ok = 0;
    lua_Integer n = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &ok) : 0;
    if (!ok || n < 0 || (uint64_t)n < min || (uint64_t)n > max)
      luaL_error(L, "option '%s' must be an integer from %I to %I", key, (LUAI_UACINT)min,
                 (LUAI_UACINT)max);
    value = (uint64_t)n;
  }
  lua_pop(L, 1);
  return value;
}

const char *trp_check_option_text(lua_State *L, int arg, const char *key) {
  int type = trp_check_option(L, arg, key);
  if (type == LUA_TNIL) return NULL;
  size_t len = 0;
  const char *s = type == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
  if (!s || strlen(s) != len) luaL_error(L, "option '%s' must be a string", key);
  return s;
}

bool trp_check_option_flag(lua_State *L, int arg, const char *key) {
  int type = trp_check_option(L, arg, key);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN)
    luaL_error(L, "option '%s' must be true or false", key);
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

uint64_t trp_check_ms(lua_State *L, int arg) {
  uint64_t ms = 0;
  luaL_checktype(L, arg, LUA_TNUMBER);
  if (!to_ms(L, arg, INT64_MAX, &ms))
    luaL_argerror(L, arg, "an integral number of milliseconds expected");
  if (ms > TROUPE_TIMER_MS_MAX) {
    lua_pushfstring(L, "at most %I ms (100 years)", (LUAI_UACINT)TROUPE_TIMER_MS_MAX);
    luaL_argerror(L, arg, lua_tostring(L, -1));
  }
  return ms;
}

const char *trp_check_kind(lua_State *L, int arg, size_t *len) {
  luaL_checktype(L, arg, LUA_TSTRING);
  const char *kind = lua_tolstring(L, arg, len);
  if (*len < 1 || *len > TROUPE_KIND_MAX || memchr(kind, 0, *len))
    luaL_argerror(L, arg, "a message's kind has 1 to 64 bytes, none of them NUL");
  return kind;
}
