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

/* Resumes nest at most this deep in one task. A close begins only while the task has used less than
 * this of the C stack, as Lua 5.4.4 counts the C calls inside each close from 0. With 200 of them,
 * which take 400 KB, and the name lookup of the longest chain of fields in a script, 50 MB in a
 * file of 1 MiB, that is less than a worker's 64 MiB; and 5 MB of the host's with workers = 0,
 * where files have 64 KiB. */
enum {
  TRP_COROUTINE_DEPTH = 150,
  TRP_COROUTINE_CLOSE_STACK = 8 << 20,
  TRP_COROUTINE_CLOSE_STACK_STEPPED = 1 << 20
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
