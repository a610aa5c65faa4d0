/* scripting/codec and scripting/decode, in both directions.
 *
 *   first byte even   the rest is msgpack: what decodes is valid to the cursor, is encoded again,
 *                     and is then decoded and encoded to the same bytes
 *   first byte odd    the rest builds a Lua value, of any shape and with hostile metatables: what
 *                     encodes must decode and encode alike, and what does not says why
 *
 * The heap is limited and no frame is entered, so running out of it would end the process: no input
 * may get that far. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include <troupe/error.h>

#include "scripting/codec.h"
#include "scripting/lua_compat.h"
#include "scripting/state.h"
#include "tests/fuzz/fuzz.h"
#include "tools/wire.h"

enum { SCRATCH_MAX = 1 << 20, HEAP_BYTES = 8 << 20, VALUES_MAX = 200 };

typedef struct rig {
  trp_frame frame;
  trp_ledger ledger;
  troupe_actor actor;
  trp_lua lua;
} rig;

static bool to_ref(lua_State *L, int index, troupe_pid *pid, uint8_t *rights) {
  const uint64_t *u = lua_touserdata(L, index);
  pid->id = u[0];
  *rights = (uint8_t)u[1];
  return true;
}

static int push_ref(lua_State *L, troupe_pid pid, uint8_t rights) {
  uint64_t *u = lua_newuserdatauv(L, 2 * sizeof *u, 0);
  u[0] = pid.id;
  u[1] = rights;
  return TROUPE_OK;
}

static lua_State *open_state(rig *g, size_t scratch_max) {
  static const trp_codec_hooks hooks = {to_ref, push_ref};
  memset(g, 0, sizeof *g);
  g->actor.frame = &g->frame;
  g->lua.actor = &g->actor;
  trp_ledger_init(&g->ledger, NULL);
  REQUIRE(trp_scratch_open(&g->lua.scratch, &g->ledger, &g->frame, NULL, scratch_max) == 0);
  trp_arena_init(&g->lua.arena, NULL, HEAP_BYTES, NULL, NULL);
  trp_arena_set_frame(&g->lua.arena, &g->frame);
  lua_State *L = trp_lua_newstate(trp_arena_alloc, &g->lua.arena);
  REQUIRE(L != NULL);
  *(trp_lua **)lua_getextraspace(L) = &g->lua;
  trp_codec_open(L, &hooks);
  return L;
}

static void close_state(rig *g) {
  trp_scratch_close(g->lua.scratch, &g->ledger, &g->frame);
  trp_ledger_fini(&g->ledger);
  trp_arena_drop(&g->lua.arena);
}

/* What has just been encoded decodes, and encodes to as many bytes again: the order of a table's
 * keys may differ, nothing else. args: it is the array of a message's arguments. */
static void check_encoded(lua_State *L, const trp_scratch *scratch, bool args) {
  size_t len = scratch->buf.len;
  int count = 1;
  uint8_t *bytes = malloc(len);
  REQUIRE(bytes != NULL && len > 0);
  memcpy(bytes, scratch->buf.data, len);
  REQUIRE(trp_wire_valid(bytes, len, TRP_WIRE_DEPTH) == TROUPE_OK);
  lua_settop(L, 0);
  if (args) {
    REQUIRE(trp_codec_decode(L, bytes, len, &count) == TROUPE_OK && lua_gettop(L) == count);
    REQUIRE(trp_codec_encode(L, 1, count, trp_lua_of(L)->scratch) == TROUPE_OK);
  } else {
    REQUIRE(trp_codec_decode_value(L, bytes, len) == TROUPE_OK && lua_gettop(L) == 1);
    REQUIRE(trp_codec_encode_value(L, 1, trp_lua_of(L)->scratch) == TROUPE_OK);
  }
  REQUIRE(scratch->buf.len == len);
  free(bytes);
}

/* ---- bytes to values ----------------------------------------------------------------------- */

static void decode(lua_State *L, const uint8_t *data, size_t size) {
  int count = 0;
  (void)trp_codec_decode(L, data, size, &count);
  REQUIRE(lua_gettop(L) == count);
  lua_settop(L, 0);
  (void)trp_codec_cost(data, size);
  if (trp_codec_decode_value(L, data, size) != TROUPE_OK) {
    REQUIRE(lua_gettop(L) == 0);
    return;
  }
  REQUIRE(trp_wire_valid(data, size, TRP_WIRE_DEPTH) == TROUPE_OK);
  if (trp_codec_encode_value(L, 1, trp_lua_of(L)->scratch) == TROUPE_OK)
    check_encoded(L, trp_lua_of(L)->scratch, false);
  else
    REQUIRE(lua_gettop(L) == 2 && lua_type(L, 2) == LUA_TSTRING);
}

/* ---- values to bytes ----------------------------------------------------------------------- */

static int never(lua_State *L) {
  const bool metamethod_runs = lua_gettop(L) >= 0;
  REQUIRE(!metamethod_runs);
  return 0;
}

/* No function of a metatable may be called by either direction. */
static void push_metatable(lua_State *L) {
  static const char *const names[] = {"__index", "__newindex", "__len",  "__pairs", "__eq",
                                      "__name",  "__tostring", "__call", "__lt",    "__concat"};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_pushcfunction(L, never);
    lua_setfield(L, -2, names[i]);
  }
}

/* A value that holds no other. */
static void push_leaf(lua_State *L, unsigned what, const uint8_t **data, size_t *size) {
  uint64_t bits = 0;
  double number;
  switch (what % 9) {
  case 0:
    lua_pushnil(L);
    break;
  case 1:
    lua_pushboolean(L, (int)(fuzz_byte(data, size) & 1));
    break;
  case 2:
    lua_pushinteger(L, (lua_Integer)fuzz_byte(data, size) - 128);
    break;
  case 3:
  case 4:
    for (int i = 0; i < 8; i++)
      bits = bits << 8 | fuzz_byte(data, size);
    memcpy(&number, &bits, sizeof number);
    if (what % 9 == 3)
      lua_pushinteger(L, (lua_Integer)bits);
    else
      lua_pushnumber(L, number);
    break;
  case 5: {
    size_t len = fuzz_byte(data, size);
    if (len > *size) len = *size;
    lua_pushlstring(L, (const char *)*data, len);
    *data += len;
    *size -= len;
    break;
  }
  case 6:
    lua_pushcfunction(L, never);
    break;
  case 7:
    (void)push_ref(L, (troupe_pid){fuzz_byte(data, size)}, 7);
    break;
  default:
    lua_newthread(L);
    break;
  }
}

/* The topmost table; 0: none. */
static int find_table(lua_State *L) {
  int at = lua_gettop(L);
  while (at > 0 && !lua_istable(L, at))
    at--;
  return at;
}

/* Puts what is on top into a table, as its next element or under a key that follows. */
static void put(lua_State *L, int table, bool list, const uint8_t **data, size_t *size) {
  int top = lua_gettop(L);
  if (list)
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, table) + 1);
  else
    push_leaf(L, fuzz_byte(data, size), data, size);
  bool nan = lua_type(L, -1) == LUA_TNUMBER && isnan(lua_tonumber(L, -1));
  if (!lua_isnil(L, -1) && !nan) {
    lua_pushvalue(L, top);
    lua_rawset(L, table);
  }
  lua_settop(L, top > table ? top - 1 : top); /* a table can be put into itself */
}

/* A stack machine: leaves and tables are pushed, and tables filled with what was pushed last. */
static void build(lua_State *L, const uint8_t *data, size_t size) {
  for (int i = 0; size > 0 && i < VALUES_MAX; i++) {
    unsigned op = fuzz_byte(&data, &size);
    int table = find_table(L);
    if (op < 64) {
      lua_newtable(L);
    } else if (op < 128 && table) {
      put(L, table, op < 96, &data, &size);
    } else if (op < 136 && table) {
      push_metatable(L);
      lua_setmetatable(L, table);
    } else if (op < 144 && table) {
      lua_rawgetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);
      lua_setmetatable(L, table);
    } else {
      push_leaf(L, op, &data, &size);
    }
  }
  if (lua_gettop(L) == 0) lua_pushnil(L);
}

static void encode(lua_State *L, const uint8_t *data, size_t size, size_t limit) {
  trp_scratch *scratch = trp_lua_of(L)->scratch;
  luaL_checkstack(L, VALUES_MAX + 16, NULL);
  build(L, data, size);
  int top = lua_gettop(L);
  int err = trp_codec_encode(L, 1, top, scratch);
  if (err) {
    REQUIRE(lua_gettop(L) == top + 1 && lua_type(L, -1) == LUA_TSTRING);
    REQUIRE(err == TROUPE_E_INVALID || err == TROUPE_E_TOO_BIG);
    lua_pop(L, 1);
    if (trp_codec_encode_value(L, 1, scratch) != TROUPE_OK) return;
  }
  REQUIRE(scratch->buf.len <= limit);
  check_encoded(L, scratch, !err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rig g;
  unsigned what = fuzz_byte(&data, &size);
  size_t limit = what & 2 ? (size_t)fuzz_byte(&data, &size) + 1 : SCRATCH_MAX;
  lua_State *L = open_state(&g, what & 1 ? limit : SCRATCH_MAX);
  if (what & 1)
    encode(L, data, size, limit);
  else
    decode(L, data, size);
  close_state(&g);
  return 0;
}
