/* What differs between Lua 5.4.4 and later releases, up to 5.5, in the functions used here. */
#ifndef TRP_SCRIPTING_LUA_COMPAT_H
#define TRP_SCRIPTING_LUA_COMPAT_H

#include <stdbool.h>

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM < 504
#  error "Lua 5.4 or later is needed"
#endif

static inline lua_State *trp_lua_newstate(lua_Alloc alloc, void *ud) {
#if LUA_VERSION_NUM >= 505
  return lua_newstate(alloc, ud, luaL_makeseed(NULL));
#else
  return lua_newstate(alloc, ud);
#endif
}

/* Closes a thread's pending variables. `from` is who does it: later releases count its C stack. */
static inline int trp_lua_closethread(lua_State *co, lua_State *from) {
#if LUA_VERSION_RELEASE_NUM >= 50406
  return lua_closethread(co, from);
#elif LUA_VERSION_RELEASE_NUM == 50405
  return lua_resetthread(co, from);
#else
  (void)from;
  return lua_resetthread(co);
#endif
}

/* Incremental collection that begins anew when the heap has grown to `pause` per cent. */
static inline void trp_lua_gc_incremental(lua_State *L, int pause) {
#if LUA_VERSION_NUM >= 505
  lua_gc(L, LUA_GCINC);
  lua_gc(L, LUA_GCPARAM, LUA_GCPPAUSE, pause);
#else
  lua_gc(L, LUA_GCINC, pause, 0, 0);
#endif
}

/* Whether a trusted script has chosen the generational mode; if so, everything is collected,
 * because that mode can be asked for only by leaving and entering it again. */
static inline bool trp_lua_gc_generational(lua_State *L) {
#if LUA_VERSION_NUM >= 505
  bool yes = lua_gc(L, LUA_GCINC) == LUA_GCGEN;
  if (yes) lua_gc(L, LUA_GCGEN);
#else
  bool yes = lua_gc(L, LUA_GCINC, 0, 0, 0) == LUA_GCGEN;
  if (yes) lua_gc(L, LUA_GCGEN, 0, 0);
#endif
  return yes;
}

/* Collects in the smallest steps there are, about one object each. */
static inline void trp_lua_gc_creep(lua_State *L) {
#if LUA_VERSION_NUM >= 505
  lua_gc(L, LUA_GCPARAM, LUA_GCPSTEPMUL, 1);
  lua_gc(L, LUA_GCPARAM, LUA_GCPSTEPSIZE, 1);
#else
  lua_gc(L, LUA_GCINC, 0, 4, 1);
#endif
}

#endif
