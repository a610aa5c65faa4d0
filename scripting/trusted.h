/* Trusted actors: scripts that are as trusted as the host's own code, with Lua's full libraries.
 * Only the host or app.lua can make one; it is never inherited.
 *
 * What differs from the sandbox: io, os, package, string.dump, loadfile and dofile, load of any
 * chunk, setmetatable with __gc, all of collectgarbage and of debug. `require` looks for the
 * runtime's modules and the actor's files first, then where Lua's own does (LUA_PATH and LUA_CPATH
 * are ignored). What stays the runtime's: coroutine, print, tostring, math.random; os.exit,
 * os.setlocale and debug.sethook raise, as the process, its locale and the hook are not the
 * script's.
 *
 * An end in order closes the state, so finalizers run, within cpu_ms_per_message; a kill or a limit
 * does not, and what C libraries hold is then lost. Such an actor is left only while liblua itself
 * runs, never inside a C library: one that blocks there holds its worker.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_TRUSTED_H
#define TRP_SCRIPTING_TRUSTED_H

#include <lua.h>

/* Adds to the sandbox's globals what it lacks. To be called protected, from C, after them. */
void trp_trusted_open(lua_State *L);

#endif
