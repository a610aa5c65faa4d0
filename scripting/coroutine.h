/* The library `coroutine` for scripts: what stock Lua offers, but transparent to suspension. When
 * code inside a user coroutine waits, the whole chain down to the task yields and is later resumed
 * from the outside in; scripts see neither. A bare yield at the level of the task gives way to
 * others and returns.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_COROUTINE_H
#define TRP_SCRIPTING_COROUTINE_H

#include <stdbool.h>

#include <lua.h>

/* Resumes nest at most this deep in one task, closes at most that deep in one state: Lua 5.4.4 does
 * not count the C stack through a close. */
enum {
  TRP_COROUTINE_DEPTH = 150,
  TRP_COROUTINE_CLOSE_DEPTH = 100,
  TRP_COROUTINE_CLOSE_DEPTH_STEPPED = 12 /* with workers = 0: on the host's stack */
};

/* Pushes the library's table. */
void trp_coroutine_open(lua_State *L);

/* Closes the pending variables of a suspended thread, and before them those of the threads that it
 * has resumed and that wait inside it, the innermost first. Leaves the errors that this raised on L
 * and returns their number. */
int trp_coroutine_close(lua_State *L, lua_State *co);

/* Says that the thread at index idx belongs to the runtime (or is again the script's). */
void trp_coroutine_hold(lua_State *L, int idx, bool held);

#endif
