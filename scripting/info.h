/* How actors are: ref:info(), ref:try_info(), troupe.info().
 *
 * Thread: owner; the functions for scripts inside the frame. */
#ifndef TRP_SCRIPTING_INFO_H
#define TRP_SCRIPTING_INFO_H

#include <stdbool.h>

#include <lua.h>

#include <troupe/info.h>

/* What the Lua side adds to its actor's. The behaviour's `info`. */
void trp_info_fill(troupe_actor *self, troupe_info *out);

/* Asks an actor and returns a table; `quiet`: nil and the error when there is none. */
int trp_info_ask(lua_State *L, troupe_pid of, bool quiet);

/* troupe.info. */
int trp_info_of_self(lua_State *L);

#endif
