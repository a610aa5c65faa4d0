/* See lua.h beside it. */
#ifndef TRP_TESTS_LUA_COMPAT_LAUXLIB_H
#define TRP_TESTS_LUA_COMPAT_LAUXLIB_H

#include "lua.h"

#if RELEASE >= 50500
unsigned luaL_makeseed(lua_State *L);
#endif

#endif
