#include "scripting/fault.h"

#include <string.h>

#include <lauxlib.h>

#include "scripting/script.h"

#define META "troupe.error"

static bool is_code_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

/* The length of the code in "code: sentence", or 0. */
static size_t code_prefix(const char *s) {
  size_t n = 0;
  while (n < 64 && is_code_char(s[n]))
    n++;
  return n && s[n] == ':' && s[n + 1] == ' ' ? n : 0;
}

int trp_fault_code(const char *name) {
#define X(c_name, value, lua_name, sentence)                                                       \
  if (strcmp(name, lua_name) == 0) return TROUPE_E_##c_name;
  TROUPE_ERROR_MAP(X)
#undef X
  return TROUPE_E_ERROR;
}

void trp_fault_push(lua_State *L, int code, const char *message) {
  luaL_checkstack(L, 4, NULL);
  lua_createtable(L, 0, 3);
  size_t prefix = code == TROUPE_E_ERROR && message ? code_prefix(message) : 0;
  if (prefix) {
    lua_pushlstring(L, message, prefix);
    message += prefix + 2;
  } else {
    lua_pushstring(L, troupe_err_name(code));
  }
  lua_setfield(L, -2, "code");
  lua_pushstring(L, message ? message : troupe_strerror(code));
  lua_setfield(L, -2, "message");
  luaL_setmetatable(L, META);
}

void trp_fault_push_exit(lua_State *L, const troupe_exit *why) {
  luaL_checkstack(L, 4, NULL);
  if (!why) {
    lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 4);
  lua_pushstring(L, troupe_exit_class_name(why->class_));
  lua_setfield(L, -2, "class");
  size_t prefix = why->code == TROUPE_E_ERROR && why->reason ? code_prefix(why->reason) : 0;
  if (prefix)
    lua_pushlstring(L, why->reason, prefix);
  else if (why->code)
    lua_pushstring(L, troupe_err_name(why->code));
  else
    lua_pushnil(L);
  lua_setfield(L, -2, "code");
  if (why->reason)
    lua_pushstring(L, why->reason + (prefix ? prefix + 2 : 0));
  else
    lua_pushnil(L);
  lua_setfield(L, -2, "reason");
  if (why->traceback) {
    lua_pushstring(L, why->traceback);
    lua_setfield(L, -2, "traceback");
  }
}

void trp_fault_push_event(lua_State *L, const troupe_event *event) {
  const troupe_exit *why = event->reason;
  const char *message = event->detail;
  if (!message && why && why->reason) {
    size_t prefix = why->code == TROUPE_E_ERROR ? code_prefix(why->reason) : 0;
    message = why->reason + (prefix ? prefix + 2 : 0);
  }
  if (!message && why) {
    luaL_checkstack(L, 6, NULL);
    message = lua_pushfstring(L, "%s (%s)", troupe_strerror(event->code),
                              troupe_exit_class_name(why->class_));
    trp_fault_push(L, event->code, message);
    lua_remove(L, -2);
  } else {
    trp_fault_push(L, event->code, message);
  }
  if (!why) return;
  trp_fault_push_exit(L, why);
  lua_setfield(L, -2, "reason");
}

int trp_fault_throw(lua_State *L, bool quiet) {
  if (!quiet) return lua_error(L);
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

int trp_fault_throw_code(lua_State *L, bool quiet, int code, const char *message) {
  trp_fault_push(L, code, message);
  return trp_fault_throw(L, quiet);
}

int trp_fault_throw_limit(lua_State *L, bool quiet, int code, troupe_limit which) {
  char text[TRP_LIMIT_TEXT];
  bool met = code == TROUPE_E_LIMIT || code == TROUPE_E_TOO_BIG;
  if (met) trp_limits_say(&trp_lua_of(L)->script->limits, which, text, sizeof text);
  return trp_fault_throw_code(L, quiet, code, met ? text : NULL);
}

/* ---- from an error to text ----------------------------------------------------------------- */

enum { FAILURE_CODE = 1, FAILURE_MESSAGE, FAILURE_TRACEBACK };

/* Pushes the string at key of the table at idx by raw access, or nil. */
static const char *raw_string(lua_State *L, int idx, const char *key) {
  idx = lua_absindex(L, idx);
  lua_pushstring(L, key);
  if (lua_rawget(L, idx) == LUA_TSTRING) return lua_tostring(L, -1);
  lua_pop(L, 1);
  lua_pushnil(L);
  return NULL;
}

/* Pushes the text of the error at idx, with its code in front when it is the script's own. */
static int push_text(lua_State *L, int idx) {
  int code = TROUPE_E_ERROR;
  switch (lua_type(L, idx)) {
  case LUA_TSTRING:
  case LUA_TNUMBER:
    lua_pushvalue(L, idx);
    lua_tostring(L, -1);
    return code;
  case LUA_TBOOLEAN:
    lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false");
    return code;
  case LUA_TTABLE: {
    const char *name = raw_string(L, idx, "code");
    const char *message = raw_string(L, idx, "message");
    if (!message) message = "(error object without a message)";
    if (name) code = trp_fault_code(name);
    if (name && code == TROUPE_E_ERROR && strcmp(name, "error") != 0)
      lua_pushfstring(L, "%s: %s", name, message);
    else
      lua_pushstring(L, message);
    lua_replace(L, -3);
    lua_pop(L, 1);
    return code;
  }
  default:
    lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, idx));
    return code;
  }
}

/* Without the frames of the runtime itself, which are at its end. */
static void push_traceback(lua_State *L) {
  static const char frame[] = "\n\t[C]: in ?";
  size_t len, n = sizeof frame - 1;
  luaL_traceback(L, L, NULL, 1);
  const char *text = lua_tolstring(L, -1, &len);
  while (len > n && memcmp(text + len - n, frame, n) == 0)
    len -= n;
  lua_pushlstring(L, text, len);
  lua_remove(L, -2);
}

int trp_fault_handler(lua_State *L) {
  lua_settop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_TRACES);
  push_traceback(L);
  lua_rawsetp(L, 2, trp_lua_of(L)->task);
  lua_settop(L, 1);
  return 1;
}

void trp_fault_make(lua_State *L) {
  int error = lua_gettop(L);
  const trp_task *task = trp_lua_of(L)->task;
  luaL_checkstack(L, 8, NULL);
  lua_createtable(L, FAILURE_TRACEBACK, 0);
  int failure = error + 1;
  lua_pushinteger(L, push_text(L, error));
  lua_rawseti(L, failure, FAILURE_CODE);
  lua_rawseti(L, failure, FAILURE_MESSAGE);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_TRACES);
  lua_rawgetp(L, -1, task);
  lua_rawseti(L, failure, FAILURE_TRACEBACK);
  lua_pushnil(L);
  lua_rawsetp(L, -2, task);
  lua_settop(L, failure);
  lua_replace(L, error);
}

trp_failure trp_fault_read(lua_State *L, int idx) {
  trp_failure f = {.code = TROUPE_E_ERROR, .message = "(no message)"};
  idx = lua_absindex(L, idx);
  if (!lua_checkstack(L, 3)) return f;
  if (lua_type(L, idx) == LUA_TSTRING) f.message = lua_tostring(L, idx);
  if (lua_type(L, idx) != LUA_TTABLE) return f;
  lua_rawgeti(L, idx, FAILURE_CODE);
  if (lua_isinteger(L, -1)) f.code = (int)lua_tointeger(L, -1);
  lua_rawgeti(L, idx, FAILURE_MESSAGE);
  if (lua_type(L, -1) == LUA_TSTRING) f.message = lua_tostring(L, -1);
  lua_rawgeti(L, idx, FAILURE_TRACEBACK);
  if (lua_type(L, -1) == LUA_TSTRING) f.traceback = lua_tostring(L, -1);
  lua_pop(L, 3); /* the table keeps the strings */
  return f;
}

/* ---- the metatable ------------------------------------------------------------------------- */

static int fault_tostring(lua_State *L) {
  push_text(L, 1);
  const char *code = lua_type(L, 1) == LUA_TTABLE ? raw_string(L, 1, "code") : NULL;
  const char *text = lua_tostring(L, 2);
  if (code && trp_fault_code(code) != TROUPE_E_ERROR)
    lua_pushfstring(L, "%s: %s", code, text);
  else
    lua_pushvalue(L, 2);
  return 1;
}

void trp_fault_open(lua_State *L) {
  luaL_newmetatable(L, META);
  lua_pushcfunction(L, fault_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}
