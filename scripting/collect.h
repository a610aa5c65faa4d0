/* Collections that the runtime asks for, beside those of Lua's own collector.
 *
 *   arena over its soft limit --> wanted --hook on the running thread--> steps, then trim --> done
 *
 * The hook is the one that preempts (scripting/state.c). It collects in steps of a fraction of a
 * millisecond, as part of the actor's slice: between two steps the actor gives way when it is asked
 * to, and goes on collecting in its next slice, before the script goes on. Where no hook can run,
 * because a C function is at work, the collection waits for the next instruction.
 *
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_COLLECT_H
#define TRP_SCRIPTING_COLLECT_H

#include "scripting/state.h"

enum { TRP_COLLECT_KEPT = 512 }; /* what keeping a message takes at most, beside its payload */

/* The arena's on_soft. */
void trp_collect_want(trp_arena *a);

/* Collects for a while: until it is done, or the actor is to give way and `may_stop` says it can.
 */
void trp_collect_some(lua_State *L, bool may_stop);

/* Collects everything at once and gives back what that has freed. */
void trp_collect_all(lua_State *L);

/* Whether that many bytes more fit; when they do not, everything is collected first. For what comes
 * from others and must not be able to end the actor. */
bool trp_collect_room(lua_State *L, size_t bytes);

/* troupe.hibernate: asks for trp_collect_shrink at the end of the running callback, that is when
 * the handler has returned or the script waits. */
int trp_collect_hibernate(lua_State *L);

/* Makes the Lua side as small as it can be: spare coroutines and buffers go, everything is
 * collected, empty chunks are given back. Outside of tasks. */
void trp_collect_shrink(trp_lua *lua);

/* Bytes of the arena that live objects take, as Lua counts them. */
size_t trp_collect_live(lua_State *L);

#endif
