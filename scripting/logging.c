#include "scripting/logging.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "actors/base/clock.h"
#include "actors/base/log.h"
#include "actors/system.h"
#include "scripting/sandbox.h"
#include "scripting/script.h"
#include "scripting/state.h"

enum { FIELDS_MAX = 64, VALUE_MAX = 512 };

/* Takes a line's bytes from the bucket, which fills at the quota's rate up to one second's worth.
 * Every line costs at least 64 bytes: empty lines are not free. */
static bool within_quota(trp_lua *lua, uint64_t now_ns, size_t len) {
  uint64_t rate = lua->script->limits.log_bytes_per_s, cost = len < 64 ? 64 : len;
  uint64_t ns = now_ns - lua->log_ns;
  uint64_t gained = ns >= TRP_NS_PER_S ? rate : ns * rate / TRP_NS_PER_S;
  if (gained) {
    lua->log_ns = now_ns;
    lua->log_tokens = lua->log_tokens + gained > rate ? rate : lua->log_tokens + gained;
  }
  if (lua->log_tokens < cost) return false;
  lua->log_tokens -= cost;
  lua->log_limited = false;
  return true;
}

/* A line over the quota is counted, and the first of them told. */
static void drop(trp_lua *lua, const char *who) {
  troupe_system *sys = troupe_actor_system(lua->actor);
  char text[TRP_LIMIT_TEXT];
  trp_count_limit(sys, TROUPE_LIMIT_LOG_BYTES_PER_S);
  if (lua->log_limited) return;
  lua->log_limited = true;
  trp_limits_say(&lua->script->limits, TROUPE_LIMIT_LOG_BYTES_PER_S, text, sizeof text);
  trp_log_write(&sys->log, TROUPE_LOG_WARN, who, "lines are dropped: %s", text);
}

void trp_logging_write(lua_State *L, troupe_log_level level, const char *text, size_t len) {
  trp_lua *lua = trp_lua_of(L);
  troupe_system *sys = troupe_actor_system(lua->actor);
  if (level < sys->log.min) return;
  if (len > TRP_LOG_LINE_MAX) len = TRP_LOG_LINE_MAX; /* the rest would be cut anyway */
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  char who[TROUPE_KIND_MAX + 64];
  bool ok = within_quota(lua, trp_system_now_ns(sys), len);
  trp_actor_describe(lua->actor, who, sizeof who);
  if (ok) {
    trp_log_text(&sys->log, level, who, text, len);
  } else {
    drop(lua, who);
  }
  TRP_NATIVE_END(frame);
}

/* ---- fields -------------------------------------------------------------------------------- */

/* A text as it stands in a line: with spaces, quotes or '=' it goes into quotes. */
static void add_value(luaL_Buffer *b, const char *s, size_t len) {
  size_t shown = len > VALUE_MAX ? VALUE_MAX : len;
  bool quote = len == 0 || memchr(s, ' ', shown) || memchr(s, '"', shown) || memchr(s, '=', shown);
  if (quote) luaL_addchar(b, '"');
  for (size_t i = 0; i < shown; i++) {
    if (quote && (s[i] == '"' || s[i] == '\\')) luaL_addchar(b, '\\');
    luaL_addchar(b, s[i]);
  }
  if (quote) luaL_addchar(b, '"');
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pushes the fields' names, sorted: the order of a table is no order. They stay on the stack, since
 * a __tostring may take them out of the table. */
static int push_names(lua_State *L, int fields) {
  const char *names[FIELDS_MAX];
  int n = 0;
  lua_pushnil(L);
  while (lua_next(L, fields)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "log: names of fields are strings");
    if (n == FIELDS_MAX) luaL_error(L, "log: more than %d fields", FIELDS_MAX);
    names[n++] = lua_tostring(L, -1);
  }
  qsort(names, (size_t)n, sizeof *names, by_text);
  luaL_checkstack(L, 2 * n + 8, NULL);
  for (int i = 0; i < n; i++)
    lua_pushstring(L, names[i]);
  return n;
}

/* 1: the message, 2: the fields; then the names, then their texts. */
static int write_line(lua_State *L, troupe_log_level level) {
  int n = 0;
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    n = push_names(L, 2);
  }
  trp_sandbox_tostring(L, 1);
  lua_replace(L, 1);
  for (int i = 0; i < n; i++) { /* texts first: nothing may be pushed while a buffer is filled */
    lua_pushvalue(L, 3 + i);
    lua_rawget(L, 2);
    if (lua_type(L, -1) == LUA_TTABLE)
      lua_pushliteral(L, "(table)");
    else
      trp_sandbox_tostring(L, -1);
    lua_remove(L, -2);
  }
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  size_t len;
  const char *text = lua_tolstring(L, 1, &len);
  luaL_addlstring(&b, text, len);
  for (int i = 0; i < n; i++) {
    luaL_addchar(&b, ' ');
    luaL_addstring(&b, lua_tostring(L, 3 + i));
    luaL_addchar(&b, '=');
    const char *value = lua_tolstring(L, 3 + n + i, &len);
    add_value(&b, value, len);
  }
  luaL_pushresult(&b);
  text = lua_tolstring(L, -1, &len);
  trp_logging_write(L, level, text, len);
  return 0;
}

static int log_debug(lua_State *L) { return write_line(L, TROUPE_LOG_DEBUG); }
static int log_info(lua_State *L) { return write_line(L, TROUPE_LOG_INFO); }
static int log_warn(lua_State *L) { return write_line(L, TROUPE_LOG_WARN); }
static int log_error(lua_State *L) { return write_line(L, TROUPE_LOG_ERROR); }

void trp_logging_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"debug", log_debug},
                                       {"info", log_info},
                                       {"warn", log_warn},
                                       {"error", log_error},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
}
