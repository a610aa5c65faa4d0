/* The module "troupe": the verbs that are no methods of some object.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_API_H
#define TRP_SCRIPTING_API_H

#include <troupe/actor.h>

#include <lua.h>

/* Openers, for require. */
int trp_api_open(lua_State *L);
int trp_api_open_signals(lua_State *L);

/* spawn and try_spawn: scripting/spawn.c. */
int trp_api_spawn(lua_State *L);
int trp_api_try_spawn(lua_State *L);

/* The kernel's news about children that scripts have spawned. */
void trp_api_on_child(troupe_actor *self, troupe_child *child, troupe_child_event event);

/* call and try_call. */
int trp_api_call(lua_State *L);
int trp_api_try_call(lua_State *L);

#endif
