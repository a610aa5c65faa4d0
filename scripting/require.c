/* `require` for scripts: the framework's modules, then files below the script's folder ("a.b" is
 * a/b.lua or a/b/init.lua). Each module runs once in each actor. */
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "scripting/api.h"
#include "scripting/fault.h"
#include "scripting/lua_modules.h"
#include "scripting/modules.h"
#include "scripting/sandbox.h"
#include "scripting/script.h"
#include "scripting/state.h"

enum { NAME_MAX_BYTES = 200 };

/* Letters, digits, "_", "-", and single dots between them. */
static bool is_module_name(const char *name, size_t len) {
  if (len == 0 || len > NAME_MAX_BYTES || name[0] == '.' || name[len - 1] == '.') return false;
  for (size_t i = 0; i < len; i++) {
    char c = name[i];
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '_' || c == '-';
    if (!word && !(c == '.' && name[i - 1] != '.')) return false;
  }
  return true;
}

static lua_CFunction find_registered(lua_State *L, const char *name) {
  trp_frame *frame = trp_lua_frame(L);
  TRP_NATIVE_BEGIN(frame);
  lua_CFunction open = trp_script_module_find(troupe_actor_system(trp_lua_of(L)->actor), name);
  TRP_NATIVE_END(frame);
  return open;
}

/* Pushes the chunk of a module that is a file below the script's folder; false: there is none. */
static bool load_file(lua_State *L, const char *name) {
  char path[NAME_MAX_BYTES + 16], msg[512] = "";
  trp_script *script = trp_lua_of(L)->script;
  trp_frame *frame = trp_lua_frame(L);
  for (int form = 0; form < 2; form++) {
    size_t n = 0;
    for (; name[n]; n++)
      path[n] = name[n];
    for (char *dot = path; (dot = memchr(dot, '.', (size_t)(path + n - dot))) != NULL;)
      *dot = '/';
    snprintf(path + n, sizeof path - n, "%s", form == 0 ? ".lua" : "/init.lua");
    trp_source *s;
    TRP_NATIVE_BEGIN(frame);
    int err = trp_script_file(script, path, &s, msg, sizeof msg);
    trp_source_unref(s); /* the cache keeps it as long as the system lives */
    TRP_NATIVE_END(frame);
    if (err == -ENOENT) continue;
    if (err) luaL_error(L, "module '%s': %s", name, msg);
    size_t len;
    const char *code = trp_source_code(s, &len);
    if (luaL_loadbufferx(L, code, len, s->chunk, "t") != LUA_OK)
      trp_fault_throw_code(L, false, TROUPE_E_SCRIPT, lua_tostring(L, -1));
    return true;
  }
  return false;
}

/* Pushes what makes the module: a function. False: there is no such module. */
static bool push_loader(lua_State *L, const char *name) {
  lua_CFunction open = strcmp(name, "troupe") == 0           ? trp_api_open
                       : strcmp(name, "troupe.signals") == 0 ? trp_api_open_signals
                                                             : find_registered(L, name);
  if (open) {
    lua_pushcfunction(L, open);
    return true;
  }
  for (const trp_lua_module *m = trp_lua_modules; m->name; m++) {
    if (strcmp(m->name, name) != 0) continue;
    lua_pushfstring(L, "=%s", name);
    if (luaL_loadbufferx(L, m->source, m->len, lua_tostring(L, -1), "t") != LUA_OK) lua_error(L);
    return true;
  }
  return load_file(L, name);
}

int trp_sandbox_search(lua_State *L) {
  size_t len;
  const char *name = luaL_checklstring(L, 1, &len);
  if (!is_module_name(name, len) || !push_loader(L, name)) {
    lua_pushliteral(L, "no module of the runtime or file of the actor");
    return 1;
  }
  return 1;
}

/* The module has returned: 1 is its name, 2 the table of loaded ones. */
static int loaded(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, 2);
  return 1;
}

static int loading_failed(lua_State *L, int status, lua_KContext ctx) {
  if (status == LUA_OK || status == LUA_YIELD) return loaded(L, status, ctx);
  lua_pushvalue(L, 1); /* it may be tried again */
  lua_pushnil(L);
  lua_rawset(L, 2);
  return lua_error(L);
}

int trp_sandbox_require(lua_State *L) {
  size_t len;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *name = lua_tolstring(L, 1, &len);
  lua_settop(L, 1);
  if (!is_module_name(name, len)) return luaL_error(L, "'%s' is no name of a module", name);
  lua_rawgeti(L, LUA_REGISTRYINDEX, TRP_REG_LOADED);
  lua_pushvalue(L, 1);
  lua_rawget(L, 2);
  if (lua_touserdata(L, -1) == trp_lua_of(L)) /* the mark of one that is being loaded */
    return luaL_error(L, "module '%s' requires itself, directly or through others", name);
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  if (!push_loader(L, name)) return luaL_error(L, "module '%s' not found", name);
  lua_pushvalue(L, 1);
  lua_pushlightuserdata(L, trp_lua_of(L));
  lua_rawset(L, 2);
  lua_pushvalue(L, 1);
  return loading_failed(L, lua_pcallk(L, 1, 1, 0, 0, loading_failed), 0);
}
