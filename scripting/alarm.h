/* Timers of scripts: troupe.after, troupe.every and troupe.idle_after. A tick is a message of the
 * actor's line and runs as a task of its own.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_ALARM_H
#define TRP_SCRIPTING_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "scripting/state.h"

/* Creates the timer objects' metatable; when the state is made. */
void trp_alarm_open(lua_State *L);

/* after(ms, f[, options]) and so on; option `key`: replaces the timer with the same key. */
int trp_alarm_after(lua_State *L);
int trp_alarm_every(lua_State *L);
int trp_alarm_idle_after(lua_State *L);

/* A tick has come: pushes the function. False: the timer has been cancelled. */
bool trp_alarm_push(lua_State *L, uint64_t id);

/* Remembers a tick that cannot run yet; ticks of one timer merge, and are counted as missed. */
void trp_alarm_defer(trp_lua *lua, uint64_t id, uint64_t missed);
/* The oldest of them, or 0. */
uint64_t trp_alarm_take_deferred(trp_lua *lua, uint64_t *missed);

#endif
