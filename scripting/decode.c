/* msgpack to Lua values: built on the Lua stack as the bytes are read, in one pass. */
#include "scripting/codec.h"

#include <troupe/error.h>

#include "scripting/collect.h"
#include "tools/wire.h"

enum {
  SLOTS = 12, /* stack slots asked for per level; a level uses 3, push_ref 8 */
};

/* What things take in an arena at most, in bytes. */
enum {
  STRING_BYTES = 96, /* header, rounding, its place in the string table */
  TABLE_BYTES = 64,  /* the table itself */
  BLOCK_BYTES = 48,  /* header and rounding of a table's slots */
  ARRAY_SLOT = 16,
  MAP_SLOT = 24,
  REF_COST = 256,
  PAGE_FROM = 100 * 1024, /* a string that may be a mapping of whole pages */
  PAGE_BYTES = 64 * 1024,
  WORST_RATIO = 128, /* to the bytes of a message: an empty table in an array has 1 byte */
  CHUNK_SLACK = 4096
};

typedef struct decoder {
  lua_State *L;
  trp_wire_reader in;
  size_t owed; /* values that open arrays and maps still have to get: each takes a byte at least */
} decoder;

static int pull(decoder *d, unsigned depth);

/* Whether `values` more can still come. It bounds all tables together by the bytes there are; the
 * count of each alone would let every level of a hostile nest claim all the rest. */
static bool owe(decoder *d, size_t values) {
  size_t left = (size_t)(d->in.end - d->in.p);
  if (d->owed > left || values > left - d->owed) return false;
  d->owed += values;
  return true;
}

static int pull_array(decoder *d, size_t n, unsigned depth) {
  lua_State *L = d->L;
  if (!owe(d, n)) return TROUPE_E_FORMAT;
  lua_createtable(L, (int)n, 0);
  if (n == 0) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);
    lua_setmetatable(L, -2);
  }
  for (size_t i = 1; i <= n; i++) {
    d->owed--;
    int err = pull(d, depth);
    if (err) return err;
    lua_rawseti(L, -2, (lua_Integer)i);
  }
  return TROUPE_OK;
}

/* Pushes a key; not nil, not NaN, not a table. */
static int pull_key(decoder *d, unsigned depth) {
  int err = pull(d, depth);
  if (err) return err;
  switch (lua_type(d->L, -1)) {
  case LUA_TSTRING:
  case LUA_TBOOLEAN:
    return TROUPE_OK;
  case LUA_TNUMBER: {
    lua_Number x = lua_tonumber(d->L, -1);
    return x == x ? TROUPE_OK : TROUPE_E_FORMAT;
  }
  default:
    return TROUPE_E_FORMAT;
  }
}

static int pull_map(decoder *d, size_t n, unsigned depth) {
  lua_State *L = d->L;
  if (!owe(d, 2 * n)) return TROUPE_E_FORMAT;
  lua_createtable(L, 0, (int)n);
  for (size_t i = 0; i < n; i++) {
    d->owed--;
    int err = pull_key(d, depth);
    if (err) return err;
    d->owed--;
    err = pull(d, depth);
    if (err) return err;
    lua_rawset(L, -3);
  }
  return TROUPE_OK;
}

static int pull_ext(decoder *d, const trp_wire_token *t) {
  const trp_codec_hooks *hooks = trp_codec_hooks_of(d->L);
  if (t->ext != TRP_CODEC_REF || t->len != TRP_CODEC_REF_BYTES || !hooks) return TROUPE_E_FORMAT;
  troupe_pid pid = {0};
  for (int i = 0; i < 8; i++)
    pid.id = pid.id << 8 | t->data[i];
  return hooks->push_ref(d->L, pid, t->data[8]);
}

/* Pushes one value. On an error there may be more on the stack than before. */
static int pull(decoder *d, unsigned depth) {
  lua_State *L = d->L;
  trp_wire_token t;
  int err = trp_wire_next(&d->in, &t);
  if (err) return err;
  switch (t.type) {
  case TRP_WIRE_NIL:
    lua_pushnil(L);
    return TROUPE_OK;
  case TRP_WIRE_BOOL:
    lua_pushboolean(L, t.as.boolean);
    return TROUPE_OK;
  case TRP_WIRE_INT:
    lua_pushinteger(L, t.as.integer);
    return TROUPE_OK;
  case TRP_WIRE_UINT:
    return TROUPE_E_FORMAT; /* Lua has no such integer */
  case TRP_WIRE_FLOAT:
    lua_pushnumber(L, t.as.number);
    return TROUPE_OK;
  case TRP_WIRE_STR:
  case TRP_WIRE_BIN:
    lua_pushlstring(L, (const char *)t.data, t.len);
    return TROUPE_OK;
  case TRP_WIRE_EXT:
    return pull_ext(d, &t);
  case TRP_WIRE_ARRAY:
  case TRP_WIRE_MAP:
    break;
  }
  if (depth == TRP_WIRE_DEPTH) return TROUPE_E_TOO_BIG;
  if (!lua_checkstack(L, SLOTS)) return TROUPE_E_LIMIT;
  return t.type == TRP_WIRE_ARRAY ? pull_array(d, t.len, depth + 1) : pull_map(d, t.len, depth + 1);
}

/* ---- what it takes ------------------------------------------------------------------------- */

static size_t table_bytes(size_t slots, size_t each) {
  size_t rounded = 1;
  while (rounded < slots)
    rounded *= 2;
  return TABLE_BYTES + (slots ? rounded * each + BLOCK_BYTES : 0);
}

size_t trp_codec_cost(const void *data, size_t len) {
  size_t cost = 0;
  trp_wire_reader r;
  trp_wire_token t;
  trp_wire_reader_init(&r, data, len);
  /* The tokens in their order, whatever contains them. A count is at most the number of bytes. */
  while (trp_wire_next(&r, &t) == TROUPE_OK) {
    switch (t.type) {
    case TRP_WIRE_NIL:
    case TRP_WIRE_BOOL:
    case TRP_WIRE_INT:
    case TRP_WIRE_UINT:
    case TRP_WIRE_FLOAT:
      break; /* in the slots of their table */
    case TRP_WIRE_STR:
    case TRP_WIRE_BIN:
      cost += t.len + STRING_BYTES + (t.len > PAGE_FROM ? PAGE_BYTES : 0);
      break;
    case TRP_WIRE_EXT:
      cost += REF_COST;
      break;
    case TRP_WIRE_ARRAY:
      cost += table_bytes(t.len, ARRAY_SLOT);
      break;
    case TRP_WIRE_MAP:
      cost += table_bytes(t.len, MAP_SLOT);
      break;
    }
  }
  return cost + cost / 16; /* the ends of chunks */
}

/* Arguments are on the Lua stack before `receive` has them in a table. */
static size_t stack_bytes(const void *data, size_t len) {
  trp_wire_reader r;
  trp_wire_token t;
  trp_wire_reader_init(&r, data, len);
  if (trp_wire_next(&r, &t) || t.type != TRP_WIRE_ARRAY) return 0;
  return table_bytes(t.len, ARRAY_SLOT);
}

/* Whether a message of some length fits into what is left of the actor's heap; it must not be able
 * to end its receiver. Only when it might not fit is it looked at, and only when it does not is the
 * heap collected. */
static bool has_room(lua_State *L, const void *data, size_t len, bool args) {
  trp_arena *a = &trp_lua_of(L)->arena;
  size_t cost = len * WORST_RATIO + CHUNK_SLACK;
  if (trp_arena_has_room(a, cost)) return true;
  cost = trp_codec_cost(data, len) + CHUNK_SLACK;
  if (args) cost += stack_bytes(data, len) + len + TRP_COLLECT_KEPT;
  return trp_collect_room(L, cost);
}

/* ---- whole messages ------------------------------------------------------------------------ */

/* Counts must fit what Lua takes as an int, also when rounded up to a power of two. */
static int admit(lua_State *L, const void *data, size_t len, bool args) {
  if (len > (size_t)1 << 30) return TROUPE_E_TOO_BIG;
  return has_room(L, data, len, args) ? TROUPE_OK : TROUPE_E_TOO_BIG;
}

int trp_codec_decode_value(lua_State *L, const void *data, size_t len) {
  int err = admit(L, data, len, false);
  if (err) return err;
  int top = lua_gettop(L);
  decoder d = {.L = L};
  trp_wire_reader_init(&d.in, data, len);
  err = lua_checkstack(L, SLOTS) ? pull(&d, 0) : TROUPE_E_LIMIT;
  if (!err && !trp_wire_at_end(&d.in)) err = TROUPE_E_FORMAT;
  if (err) lua_settop(L, top);
  return err;
}

int trp_codec_decode(lua_State *L, const void *data, size_t len, int *count) {
  *count = 0;
  int err = admit(L, data, len, true);
  if (err) return err;
  int top = lua_gettop(L);
  decoder d = {.L = L};
  trp_wire_token t;
  trp_wire_reader_init(&d.in, data, len);
  err = trp_wire_next(&d.in, &t);
  if (err) return err;
  if (t.type != TRP_WIRE_ARRAY || !owe(&d, t.len)) return TROUPE_E_FORMAT;
  if (!lua_checkstack(L, (int)t.len + SLOTS)) return TROUPE_E_LIMIT;
  for (size_t i = 0; i < t.len && !err; i++) {
    d.owed--;
    err = pull(&d, 1);
  }
  if (!err && !trp_wire_at_end(&d.in)) err = TROUPE_E_FORMAT;
  if (err) {
    lua_settop(L, top);
    return err;
  }
  *count = (int)t.len;
  return TROUPE_OK;
}
