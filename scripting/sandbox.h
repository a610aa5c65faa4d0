/* The environment of scripts: an allow-list, built for each state; nothing is deleted from a full
 * set and no original of what is replaced can be reached.
 *
 *   base       assert error getmetatable ipairs next pairs pcall rawequal rawget rawlen rawset
 * select tonumber type xpcall _G _VERSION replaced   collectgarbage (only "count"), load (text, of
 * bounded size), print (a log line), require, setmetatable (no __gc), tostring (ids, no addresses)
 * libraries string (no dump; format without %p), table, utf8, math (random: a generator of the
 * actor's own), os (clock date difftime time, in UTC), coroutine (scripting/coroutine.h), debug
 * (traceback)
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_SANDBOX_H
#define TRP_SCRIPTING_SANDBOX_H

#include <stdbool.h>

#include <lua.h>

/* Prepares a new state: registry, metatables, globals. To be called protected, from C. */
int trp_sandbox_open(lua_State *L);

/* load: scripting/load.c. */
int trp_sandbox_load(lua_State *L);

/* require: scripting/require.c. */
int trp_sandbox_require(lua_State *L);

/* A searcher for package.searchers, which finds what `require` finds: scripting/require.c. */
int trp_sandbox_search(lua_State *L);

/* Pushes the library os: scripting/os.c. */
void trp_os_open(lua_State *L);

/* Pushes the text of the value at idx as `tostring` shows it; may run __tostring. */
void trp_sandbox_tostring(lua_State *L, int idx);

#endif
