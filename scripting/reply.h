/* Handles of kept asks: what troupe.reply_later gives, and the field `ask` of a received message.
 * One answer; a handle that is collected without one has broken its promise.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_REPLY_H
#define TRP_SCRIPTING_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "scripting/state.h"

/* Creates the metatables; when the state is made. */
void trp_reply_open(lua_State *L);

/* Whether no further handle may be made: limits.reply_handles. Counts that. */
bool trp_reply_full(trp_lua *lua);

/* Pushes the handle of a kept ask, which it takes. */
void trp_reply_push(lua_State *L, uint64_t kept);

/* Makes the table at idx a received message: it gets the method `reply`. */
void trp_reply_set_message_class(lua_State *L, int idx);

/* troupe.reply_later(). */
int trp_reply_later(lua_State *L);

/* troupe.forward(ref). */
int trp_reply_forward(lua_State *L);

#endif
