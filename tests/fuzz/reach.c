#include "tests/fuzz/reach.h"

#include <string.h>

#include <lauxlib.h>

#include "scripting/state.h"
#include "tests/fuzz/fuzz.h"

enum { NAME_MAX_BYTES = 64, FUNCTIONS_MAX = 512, DEPTH_MAX = 6 };

typedef struct function {
  char name[NAME_MAX_BYTES];
  uint16_t key;
} function;

/* The same in each environment; in the order of the names. */
static function functions[FUNCTIONS_MAX];
static size_t function_count;

const char *fuzz_reach_name(size_t i) { return i < function_count ? functions[i].name : NULL; }
uint16_t fuzz_reach_key(size_t i) { return functions[i].key; }

/* ---- the walk: finds are name -> function, in the table at index 1 ------------------------- */

enum { FOUND = 1, SEEN = 2 };

static void walk(lua_State *L, const char *name, int depth);

/* The value on top has this name; pops it. */
static void visit(lua_State *L, const char *name, int depth) {
  if (lua_iscfunction(L, -1)) {
    lua_pushvalue(L, -1);
    lua_setfield(L, FOUND, name);
  } else if (lua_istable(L, -1) && depth < DEPTH_MAX) {
    walk(L, name, depth + 1);
  }
  lua_pop(L, 1);
}

/* The table on top: its fields, and what its metatable or class lends it. */
static void walk(lua_State *L, const char *name, int depth) {
  int table = lua_gettop(L);
  luaL_checkstack(L, 8, NULL);
  lua_pushvalue(L, table);
  if (lua_rawget(L, SEEN) != LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  lua_pop(L, 1);
  lua_pushvalue(L, table);
  lua_pushboolean(L, 1);
  lua_rawset(L, SEEN);
  for (lua_pushnil(L); lua_next(L, table);) {
    char whole[NAME_MAX_BYTES];
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    snprintf(whole, sizeof whole, "%s%s%s", name, *name ? "." : "", key);
    visit(L, whole, depth);
  }
  if (lua_getmetatable(L, table)) {
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    visit(L, name, depth);
    lua_pop(L, 1);
  }
}

/* The classes of userdata: the registry has their metatables under "troupe.x". */
static void walk_classes(lua_State *L) {
  int top = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, LUA_REGISTRYINDEX); lua_settop(L, top + 1)) {
    bool is_class = lua_type(L, -2) == LUA_TSTRING && lua_istable(L, -1) &&
                    strncmp(lua_tostring(L, -2), "troupe.", 7) == 0;
    if (!is_class) continue;
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    visit(L, lua_tostring(L, -3), 0);
  }
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const function *)a)->name, ((const function *)b)->name);
}

/* FNV-1a, folded. */
static uint16_t key_of(const char *name) {
  uint32_t h = 2166136261u;
  for (; *name; name++)
    h = (h ^ (unsigned char)*name) * 16777619u;
  return (uint16_t)(h >> 16 ^ h);
}

static void note_names(lua_State *L) {
  for (lua_pushnil(L); lua_next(L, FOUND); lua_pop(L, 1)) {
    REQUIRE(function_count < FUNCTIONS_MAX);
    function *f = &functions[function_count++];
    snprintf(f->name, sizeof f->name, "%s", lua_tostring(L, -2));
    f->key = key_of(f->name);
  }
  qsort(functions, function_count, sizeof *functions, by_name);
}

/* ---- the module ---------------------------------------------------------------------------- */

/* find(key): the function whose key is the next one, going round. */
static int find(lua_State *L) {
  uint16_t key = (uint16_t)luaL_checkinteger(L, 1);
  size_t best = 0;
  for (size_t i = 1; i < function_count; i++) {
    uint16_t ahead = (uint16_t)(functions[i].key - key);
    if (ahead < (uint16_t)(functions[best].key - key)) best = i;
  }
  lua_getfield(L, lua_upvalueindex(1), functions[best].name);
  return 1;
}

int fuzz_reach_open(lua_State *L) {
  lua_settop(L, 0);
  lua_newtable(L);
  lua_newtable(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  visit(L, "", 0);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_LOADED);
  visit(L, "", 0);
  walk_classes(L);
  if (function_count == 0) note_names(L);
  lua_settop(L, FOUND);
  lua_pushcclosure(L, find, 1);
  return 1;
}
