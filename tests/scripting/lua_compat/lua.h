/* The declarations of Lua that scripting/lua_compat.h uses, as release RELEASE has them: the test
 * compiles the header against each. */
#ifndef TRP_TESTS_LUA_COMPAT_LUA_H
#define TRP_TESTS_LUA_COMPAT_LUA_H

#include <stddef.h>

#define LUA_VERSION_RELEASE_NUM RELEASE
#define LUA_VERSION_NUM (RELEASE / 100)

typedef struct lua_State lua_State;
typedef void *(*lua_Alloc)(void *ud, void *p, size_t old_size, size_t new_size);

#if RELEASE >= 50500
lua_State *lua_newstate(lua_Alloc alloc, void *ud, unsigned seed);
#else
lua_State *lua_newstate(lua_Alloc alloc, void *ud);
#endif

#if RELEASE >= 50406
int lua_closethread(lua_State *L, lua_State *from);
#endif
#if RELEASE == 50405
int lua_resetthread(lua_State *L, lua_State *from);
#elif RELEASE < 50500
int lua_resetthread(lua_State *L);
#endif

#define LUA_GCGEN 10
#define LUA_GCINC 11
#if RELEASE >= 50500
#  define LUA_GCPARAM 9
#  define LUA_GCPPAUSE 3
#  define LUA_GCPSTEPMUL 4
#  define LUA_GCPSTEPSIZE 5
#endif
int lua_gc(lua_State *L, int what, ...);

#endif
