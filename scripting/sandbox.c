#include "scripting/sandbox.h"

#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "scripting/alarm.h"
#include "scripting/behavior.h"
#include "scripting/codec.h"
#include "scripting/coroutine.h"
#include "scripting/fault.h"
#include "scripting/logging.h"
#include "scripting/ref.h"
#include "scripting/reply.h"
#include "scripting/script.h"
#include "scripting/state.h"
#include "scripting/trusted.h"

/* ---- base ---------------------------------------------------------------------------------- */

/* Lua 5.4 does not look again, in one cycle, at a table that it has found to be weak in both ways:
 * a metatable given to it then would be freed under it. So a table whose metatable changes keeps
 * the new one, at 2, also as its value in an ephemeron table. */
static void keep_metatable(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  bool changes = lua_getmetatable(L, 1);
  if (!changes && !lua->metas_changed) return; /* the usual case: a new object */
  lua_settop(L, 2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_METAS);
  lua_pushvalue(L, 1);
  changes = lua_rawget(L, 3) != LUA_TNIL || changes; /* or has had none for a while */
  lua_settop(L, 3);
  if (!changes) return;
  lua->metas_changed = true;
  lua_pushvalue(L, 1);
  if (lua_isnil(L, 2))
    lua_pushboolean(L, 1);
  else
    lua_pushvalue(L, 2);
  lua_rawset(L, 3);
}

static int base_setmetatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "cannot change a protected metatable");
  lua_settop(L, 2);
  if (type == LUA_TTABLE) {
    /* finalizers run where nothing can stop them; Lua arms them here and nowhere else */
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "a metatable with __gc is not allowed");
    lua_settop(L, 2);
  }
  keep_metatable(L);
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int base_collectgarbage(lua_State *L) {
  const char *what = luaL_optstring(L, 1, "");
  if (strcmp(what, "count") != 0)
    return luaL_error(L, "collectgarbage: only \"count\" is available");
  int kib = lua_gc(L, LUA_GCCOUNT), rest = lua_gc(L, LUA_GCCOUNTB);
  lua_pushnumber(L, (lua_Number)kib + (lua_Number)rest / 1024);
  return 1;
}

/* Pushes "table: 7": numbers given out on first sight, so that no address is shown. */
static void push_id(lua_State *L, int idx, const char *type) {
  trp_lua *lua = trp_lua_of(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_IDS);
  lua_pushvalue(L, idx);
  if (lua_rawget(L, -2) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_pushinteger(L, ++lua->next_object_id);
    lua_pushvalue(L, idx);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  lua_pushfstring(L, "%s: %I", type, (LUAI_UACINT)lua_tointeger(L, -1));
  lua_insert(L, -3);
  lua_pop(L, 2);
}

void trp_sandbox_tostring(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 6, NULL);
  switch (lua_type(L, idx)) {
  case LUA_TTABLE:
  case LUA_TFUNCTION:
  case LUA_TUSERDATA:
  case LUA_TTHREAD:
    break;
  default:
    luaL_tolstring(L, idx, NULL);
    return;
  }
  if (luaL_getmetafield(L, idx, "__tostring") != LUA_TNIL) {
    lua_pop(L, 1);
    luaL_tolstring(L, idx, NULL);
    return;
  }
  int named = luaL_getmetafield(L, idx, "__name"); /* of any type: the script's own */
  if (named == LUA_TNIL) lua_pushnil(L);
  push_id(L, idx, named == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, idx));
  lua_remove(L, -2);
}

static int base_tostring(lua_State *L) {
  luaL_checkany(L, 1);
  trp_sandbox_tostring(L, 1);
  return 1;
}

static int base_print(lua_State *L) {
  int n = lua_gettop(L);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 1; i <= n; i++) {
    if (i > 1) luaL_addchar(&b, '\t');
    trp_sandbox_tostring(L, i);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  trp_logging_write(L, TROUPE_LOG_INFO, text, len);
  return 0;
}

/* ---- string -------------------------------------------------------------------------------- */

/* Goes over the directives of a format: %p is refused, and what %s would show by its address is
 * replaced on the stack. */
static void prepare_format(lua_State *L, const char *format, size_t len) {
  int arg = 1, top = lua_gettop(L);
  for (size_t i = 0; i < len; i++) {
    if (format[i] != '%') continue;
    if (++i < len && format[i] == '%') continue;
    while (i < len && strchr("-+ #0123456789.", format[i]) && format[i])
      i++;
    arg++;
    if (i >= len) return;
    if (format[i] == 'p') luaL_error(L, "invalid conversion '%%p' to 'format'");
    if (format[i] != 's' || arg > top || lua_type(L, arg) == LUA_TSTRING) continue;
    trp_sandbox_tostring(L, arg);
    lua_replace(L, arg);
  }
}

static int string_format(lua_State *L) {
  size_t len;
  const char *format = luaL_checklstring(L, 1, &len);
  prepare_format(L, format, len);
  lua_CFunction stock = lua_tocfunction(L, lua_upvalueindex(1));
  return stock(L);
}

/* ---- math ---------------------------------------------------------------------------------- */

/* As stock math.random, on the actor's own generator. */
static int math_random(lua_State *L) {
  trp_rand *rand = &trp_lua_of(L)->rand;
  lua_Integer low = 1, high;
  switch (lua_gettop(L)) {
  case 0:
    lua_pushnumber(L, trp_rand_double(rand));
    return 1;
  case 1:
    high = luaL_checkinteger(L, 1);
    if (high == 0) {
      lua_pushinteger(L, (lua_Integer)trp_rand_next(rand));
      return 1;
    }
    break;
  case 2:
    low = luaL_checkinteger(L, 1);
    high = luaL_checkinteger(L, 2);
    break;
  default:
    return luaL_error(L, "wrong number of arguments");
  }
  luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
  uint64_t span = (uint64_t)high - (uint64_t)low;
  uint64_t n = span == UINT64_MAX ? trp_rand_next(rand) : trp_rand_below(rand, span + 1);
  uint64_t value = (uint64_t)low + n; /* unsigned: the sum may wrap on its way */
  lua_pushinteger(L, (lua_Integer)value);
  return 1;
}

/* Only the script's own generator: without an argument it goes on as it is. */
static int math_randomseed(lua_State *L) {
  if (lua_isnoneornil(L, 1)) return 0;
  uint64_t seed = 0;
  if (lua_isinteger(L, 1)) {
    seed = (uint64_t)lua_tointeger(L, 1);
  } else {
    lua_Number n = luaL_checknumber(L, 1);
    memcpy(&seed, &n, sizeof seed < sizeof n ? sizeof seed : sizeof n);
  }
  uint64_t second = (uint64_t)luaL_optinteger(L, 2, 0);
  trp_rand_init(&trp_lua_of(L)->rand, seed ^ second * UINT64_C(0x9e3779b97f4a7c15));
  return 0;
}

/* ---- debug --------------------------------------------------------------------------------- */

static int debug_traceback(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  int arg = co ? 1 : 0;
  const char *msg = lua_tostring(L, arg + 1);
  if (!msg && !lua_isnoneornil(L, arg + 1)) {
    lua_pushvalue(L, arg + 1);
    return 1;
  }
  luaL_traceback(L, co ? co : L, msg, (int)luaL_optinteger(L, arg + 2, co ? 0 : 1));
  return 1;
}

/* ---- building ------------------------------------------------------------------------------ */

/* Copies the named fields of the table on top into a new one, which takes its place. */
static void pick(lua_State *L, const char *const names[]) {
  lua_newtable(L);
  for (size_t i = 0; names[i]; i++) {
    lua_getfield(L, -2, names[i]);
    lua_setfield(L, -2, names[i]);
  }
  lua_remove(L, -2);
}

/* Opens a stock library aside, picks from it, and pushes the result. */
static void open_library(lua_State *L, lua_CFunction open, const char *const names[]) {
  lua_pushcfunction(L, open);
  lua_call(L, 0, 1);
  pick(L, names);
}

/* Sets the library on top in the globals and in the table that names functions in tracebacks. */
static void publish(lua_State *L, int globals, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
  lua_setfield(L, globals, name);
}

static void open_string(lua_State *L) {
  static const char *const names[] = {"byte",    "char",  "find",   "format", "gmatch",   "gsub",
                                      "len",     "lower", "match",  "pack",   "packsize", "rep",
                                      "reverse", "sub",   "unpack", "upper",  NULL};
  open_library(L, luaopen_string, names);
  lua_getfield(L, -1, "format");
  lua_pushcclosure(L, string_format, 1);
  lua_setfield(L, -2, "format");
  /* the stock library is what strings index until here */
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

static void open_math(lua_State *L) {
  static const char *const names[] = {
      "abs",  "acos", "asin", "atan", "ceil",       "cos",  "deg",        "exp",  "floor",
      "fmod", "huge", "log",  "max",  "maxinteger", "min",  "mininteger", "modf", "pi",
      "rad",  "sin",  "sqrt", "tan",  "tointeger",  "type", "ult",        NULL};
  static const luaL_Reg own[] = {
      {"random", math_random}, {"randomseed", math_randomseed}, {NULL, NULL}};
  open_library(L, luaopen_math, names);
  luaL_setfuncs(L, own, 0);
}

static void open_globals(lua_State *L) {
  static const char *const base[] = {"assert",   "error",  "getmetatable", "ipairs", "next",
                                     "pairs",    "pcall",  "rawequal",     "rawget", "rawlen",
                                     "rawset",   "select", "tonumber",     "type",   "xpcall",
                                     "_VERSION", NULL};
  static const luaL_Reg own[] = {{"setmetatable", base_setmetatable},
                                 {"collectgarbage", base_collectgarbage},
                                 {"tostring", base_tostring},
                                 {"print", base_print},
                                 {"load", trp_sandbox_load},
                                 {"require", trp_sandbox_require},
                                 {NULL, NULL}};
  static const char *const table[] = {"concat", "insert", "move",   "pack",
                                      "remove", "sort",   "unpack", NULL};
  static const char *const utf8[] = {"char", "charpattern", "codepoint", "codes",
                                     "len",  "offset",      NULL};
  static const luaL_Reg debug[] = {{"traceback", debug_traceback}, {NULL, NULL}};

  open_library(L, luaopen_base, base);
  int globals = lua_gettop(L);
  luaL_setfuncs(L, own, 0);
  lua_pushvalue(L, globals);
  publish(L, globals, "_G");
  open_string(L);
  publish(L, globals, "string");
  open_library(L, luaopen_table, table);
  publish(L, globals, "table");
  open_library(L, luaopen_utf8, utf8);
  publish(L, globals, "utf8");
  open_math(L);
  publish(L, globals, "math");
  trp_os_open(L);
  publish(L, globals, "os");
  trp_coroutine_open(L);
  publish(L, globals, "coroutine");
  luaL_newlib(L, debug);
  publish(L, globals, "debug");
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); /* the stock table is garbage now */
}

/* A table at a place of the registry; mode NULL: an ordinary one. */
static void place_table(lua_State *L, int place, const char *mode) {
  lua_newtable(L);
  if (mode) {
    lua_createtable(L, 0, 1);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
  }
  lua_rawseti(L, LUA_REGISTRYINDEX, place);
}

static int signal_tostring(lua_State *L) {
  luaL_checkudata(L, 1, "troupe.signal");
  lua_getiuservalue(L, 1, 1);
  lua_pushfstring(L, "signal<%s>", lua_tostring(L, -1));
  return 1;
}

/* The tokens that stand for signals: objects, so that no message can carry their like. */
static void open_signals(lua_State *L) {
  static const char *const names[] = {"down"};
  luaL_newmetatable(L, "troupe.signal");
  lua_pushcfunction(L, signal_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  lua_newtable(L);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_newuserdatauv(L, 1, 1);
    lua_pushstring(L, names[i]);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, "troupe.signal");
    lua_setfield(L, -2, names[i]);
  }
  lua_rawseti(L, LUA_REGISTRYINDEX, TRP_REG_SIGNALS);
}

static bool hook_to_ref(lua_State *L, int index, troupe_pid *pid, uint8_t *rights) {
  const trp_ref *ref = trp_ref_test(L, index);
  if (!ref) return false;
  *pid = ref->pid;
  *rights = ref->rights;
  return true;
}

static int hook_push_ref(lua_State *L, troupe_pid pid, uint8_t rights) {
  if (pid.id == 0 || (rights & ~TRP_RIGHTS_ALL)) return TROUPE_E_FORMAT;
  trp_ref_push(L, pid, rights);
  return TROUPE_OK;
}

int trp_sandbox_open(lua_State *L) {
  static const trp_codec_hooks hooks = {.to_ref = hook_to_ref, .push_ref = hook_push_ref};
  for (int place = TRP_REG_FIRST + 1; place < TRP_REG_LAST; place++) {
    lua_pushboolean(L, 0); /* so that all of them are in the array part */
    lua_rawseti(L, LUA_REGISTRYINDEX, place);
  }
  place_table(L, TRP_REG_TASKS, NULL);
  place_table(L, TRP_REG_FILTERS, NULL);
  place_table(L, TRP_REG_HELD, "k");
  place_table(L, TRP_REG_ALARMS, NULL);
  place_table(L, TRP_REG_DEFERRED, NULL);
  place_table(L, TRP_REG_MONITORS, NULL);
  place_table(L, TRP_REG_REFS, NULL);
  place_table(L, TRP_REG_LOADED, NULL);
  place_table(L, TRP_REG_IDS, "k");
  place_table(L, TRP_REG_TRACES, NULL);
  place_table(L, TRP_REG_METAS, "k");
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  luaL_newmetatable(L, TRP_BEHAVIOR_META);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  open_signals(L);
  trp_fault_open(L);
  trp_ref_open(L);
  trp_reply_open(L);
  trp_alarm_open(L);
  trp_codec_open(L, &hooks);
  open_globals(L);
  if (trp_lua_of(L)->script->trusted) trp_trusted_open(L);
  return 0;
}
