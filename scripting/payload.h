/* What messages carry, between the Lua stack and bytes: arguments (one msgpack array) and single
 * values (replies, arguments and results of tools).
 *
 * Encoding goes into the actor's scratch buffer, in the Lua half; the native half that follows
 * sends it and then lets go of it. Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_PAYLOAD_H
#define TRP_SCRIPTING_PAYLOAD_H

#include <stddef.h>

#include <lua.h>

#include "scripting/state.h"

/* Bytes in the scratch buffer: valid until the next encoding or trp_payload_done. */
typedef struct trp_payload {
  const void *data;
  size_t len;
} trp_payload;

/* Encodes `count` values from index `first` as arguments, or the one at idx as a value.
 * Returns TROUPE_OK or TROUPE_E_TOO_BIG; raises for what cannot be sent, with the path to it. */
int trp_payload_args(lua_State *L, int first, int count, trp_payload *out);
int trp_payload_value(lua_State *L, int idx, trp_payload *out);

/* Lets go of the bytes; a large buffer is given back. In the native half. */
void trp_payload_done(trp_lua *lua);

/* Pushes arguments. Returns TROUPE_OK and their number, or TROUPE_E_FORMAT with nothing pushed. No
 * bytes: no arguments. */
int trp_payload_push_args(lua_State *L, const void *data, size_t len, int *count);

/* Pushes one value. Returns as trp_payload_push_args. No bytes: nil. */
int trp_payload_push_value(lua_State *L, const void *data, size_t len);

#endif
