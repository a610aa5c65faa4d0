/* Lua values to msgpack and back, straight between the Lua stack and the bytes.
 *
 *   nil, boolean   as themselves
 *   integer        int64, in its shortest form; float: float64, also when it is integral, NaN, inf
 *   string         str, any bytes; bin is read as a string, too
 *   table          array when its keys are exactly 1..n, n > 0; otherwise map. Keys: strings,
 * numbers, booleans. An empty table is a map, unless its metatable is the array mark; an empty
 * array becomes a table with the mark, so [] stays []. actor ref      ext 1: the pid, 8 bytes
 * big-endian, and 1 byte of rights
 *
 * Everything else is refused, with the path of the field: "cannot send a function (at argument
 * 2.handlers[3])". Tables nest up to TRP_WIRE_DEPTH levels, of which the array of arguments is one;
 * that limit also ends cycles. Neither direction runs metamethods or any other Lua code. Foreign
 * bytes cost no more Lua memory than a multiple of their number, whatever counts they declare, and
 * they are refused when the heap has no room for that: a message cannot end its receiver.
 *
 * Both directions are Lua halves: they may be left at every allocation and own nothing.
 * Thread: owner, inside the frame. */
#ifndef TRP_SCRIPTING_CODEC_H
#define TRP_SCRIPTING_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include <troupe/types.h>

#include "scripting/scratch.h"

enum {
  TRP_CODEC_REF = 1,      /* type of ext: a reference */
  TRP_CODEC_REF_BYTES = 9 /* pid and rights */
};

/* How references look in Lua. Neither function may raise an error or run Lua code. */
typedef struct trp_codec_hooks {
  /* Whether the full userdata at an index is a reference; to what, and with which rights. */
  bool (*to_ref)(lua_State *L, int index, troupe_pid *pid, uint8_t *rights);
  /* Pushes a reference, with at least 8 free slots. Returns TROUPE_OK, or an error with nothing
   * pushed. */
  int (*push_ref)(lua_State *L, troupe_pid pid, uint8_t rights);
} trp_codec_hooks;

/* Where the registry holds the metatable that marks a table as an array (lua_rawgetp). It hides
 * behind __metatable, so that scripts cannot add to it. */
extern const char trp_codec_array_mark;

/* Prepares a Lua state: creates the array mark, sets the hooks.
 *   hooks   borrowed for the state's life; NULL: references are refused in both directions */
void trp_codec_open(lua_State *L, const trp_codec_hooks *hooks);

/* The hooks, or NULL. Takes one stack slot for a moment. */
const trp_codec_hooks *trp_codec_hooks_of(lua_State *L);

/* Encodes `count` values from the stack index `first` on as one array, trailing nils included, into
 * the scratch buffer, which is reset before. The buffer's limit is the limit of the message.
 * The caller has 2 free stack slots.
 * Returns TROUPE_OK with the stack as it was, or, with one string pushed that says what is wrong
 * and where, TROUPE_E_INVALID  a value that cannot be sent TROUPE_E_TOO_BIG  over the buffer's
 * limit, or nested too deep TROUPE_E_LIMIT    no room on the Lua stack UV_ENOMEM */
int trp_codec_encode(lua_State *L, int first, int count, trp_scratch *s);

/* The same for the one value at an index, without an array around it. */
int trp_codec_encode_value(lua_State *L, int index, trp_scratch *s);

/* Pushes the elements of an encoded array as *count values. On an error nothing is pushed and
 * *count is 0. Returns TROUPE_OK, or TROUPE_E_FORMAT   not one valid array of values that have a
 * place in Lua TROUPE_E_TOO_BIG  nested too deep, or over 1 GiB TROUPE_E_LIMIT    no room on the
 * Lua stack what push_ref returned */
int trp_codec_decode(lua_State *L, const void *data, size_t len, int *count);

/* The same for one value of any type. */
int trp_codec_decode_value(lua_State *L, const void *data, size_t len);

/* At least the bytes of heap that decoding takes, in one pass over the bytes; for bytes that are
 * not valid, what decoding takes before it notices. */
size_t trp_codec_cost(const void *data, size_t len);

#endif
