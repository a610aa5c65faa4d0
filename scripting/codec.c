/* Lua values to msgpack, and what both directions share. The bytes are written by msgpack-c; how
 * they are read is in scripting/decode.c. */
#include "scripting/codec.h"

#include <string.h>

#include <lauxlib.h>
#include <msgpack.h>

#include <troupe/error.h>

#include "scripting/state.h"
#include "tools/wire.h"

enum {
  SLOTS = 12,     /* stack slots asked for per level; a level uses 3, a message about 4 */
  SHOWN_KEY = 40, /* bytes of a key in a message */
};

const char trp_codec_array_mark = 'a';
static const char hooks_key = 'h';

void trp_codec_open(lua_State *L, const trp_codec_hooks *hooks) {
  lua_createtable(L, 0, 2);
  lua_pushliteral(L, "array");
  lua_setfield(L, -2, "__metatable");
  lua_pushliteral(L, "array");
  lua_setfield(L, -2, "__name");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);

  const trp_codec_hooks **held = lua_newuserdatauv(L, sizeof(trp_codec_hooks *), 0);
  *held = hooks;
  lua_rawsetp(L, LUA_REGISTRYINDEX, &hooks_key);
}

const trp_codec_hooks *trp_codec_hooks_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &hooks_key);
  const trp_codec_hooks *const *held = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return held ? *held : NULL;
}

/* ---- encoding ------------------------------------------------------------------------------ */

/* One step of the path to the value at hand. */
typedef struct step {
  int key_at;    /* the stack index of a map's key; 0: an array's element */
  lua_Integer i; /* the element's place */
} step;

typedef struct encoder {
  lua_State *L;
  trp_scratch *out;
  trp_frame *frame;
  msgpack_packer packer;
  int err;      /* of the last append that failed */
  int argument; /* 0: one value alone */
  unsigned steps;
  step path[TRP_WIRE_DEPTH];
} encoder;

static int append(void *ctx, const char *p, size_t n) {
  encoder *e = ctx;
  e->err = trp_scratch_append(e->out, e->frame, p, n);
  return e->err;
}

static bool is_name(const char *s, size_t n) {
  if (n == 0 || n > SHOWN_KEY || (s[0] >= '0' && s[0] <= '9')) return false;
  for (size_t i = 0; i < n; i++) {
    char c = s[i];
    bool ok =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!ok) return false;
  }
  return true;
}

/* A string key that is no name: quoted, cut, and in printable characters only. */
static void add_quoted(luaL_Buffer *b, const char *s, size_t n) {
  luaL_addstring(b, "[\"");
  for (size_t i = 0; i < n && i < SHOWN_KEY; i++)
    luaL_addchar(b, s[i] >= ' ' && s[i] <= '~' && s[i] != '"' ? s[i] : '?');
  luaL_addstring(b, n > SHOWN_KEY ? "...\"]" : "\"]");
}

static void add_step(lua_State *L, luaL_Buffer *b, const step *at) {
  if (at->key_at == 0) {
    lua_pushfstring(L, "[%I]", (LUAI_UACINT)at->i);
    luaL_addvalue(b);
  } else if (lua_type(L, at->key_at) == LUA_TSTRING) {
    size_t n;
    const char *s = lua_tolstring(L, at->key_at, &n);
    if (is_name(s, n)) {
      luaL_addchar(b, '.');
      luaL_addlstring(b, s, n);
    } else {
      add_quoted(b, s, n);
    }
  } else if (lua_isinteger(L, at->key_at)) {
    lua_pushfstring(L, "[%I]", (LUAI_UACINT)lua_tointeger(L, at->key_at));
    luaL_addvalue(b);
  } else if (lua_type(L, at->key_at) == LUA_TNUMBER) {
    lua_pushfstring(L, "[%f]", (LUAI_UACNUMBER)lua_tonumber(L, at->key_at));
    luaL_addvalue(b);
  } else {
    luaL_addstring(b, lua_toboolean(L, at->key_at) ? "[true]" : "[false]");
  }
}

/* Pushes the message for an error at the value at hand; returns the code. */
static int refuse(encoder *e, int code, const char *what) {
  lua_State *L = e->L;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, what);
  luaL_addstring(&b, " (at ");
  if (e->argument) {
    lua_pushfstring(L, "argument %d", e->argument);
    luaL_addvalue(&b);
  } else {
    luaL_addstring(&b, "value");
  }
  for (unsigned i = 0; i < e->steps; i++)
    add_step(L, &b, &e->path[i]);
  luaL_addchar(&b, ')');
  luaL_pushresult(&b);
  return code;
}

/* As refuse, for what an append has failed with; TROUPE_OK when it has not. */
static int appended(encoder *e, int failed) {
  if (!failed) return TROUPE_OK;
  return refuse(e, e->err,
                e->err == TROUPE_E_TOO_BIG ? "the message is larger than its limit"
                                           : "there is no memory for the message");
}

static int refuse_type(encoder *e, int type, bool is_key) {
  switch (type) {
  case LUA_TFUNCTION:
    return refuse(e, TROUPE_E_INVALID,
                  is_key ? "cannot send a function as a key" : "cannot send a function");
  case LUA_TTHREAD:
    return refuse(e, TROUPE_E_INVALID,
                  is_key ? "cannot send a coroutine as a key" : "cannot send a coroutine");
  case LUA_TTABLE:
    return refuse(e, TROUPE_E_INVALID, "cannot send a table as a key");
  case LUA_TLIGHTUSERDATA:
    return refuse(e, TROUPE_E_INVALID,
                  is_key ? "cannot send a light userdata as a key"
                         : "cannot send a light userdata");
  default:
    return refuse(e, TROUPE_E_INVALID,
                  is_key ? "cannot send a userdata as a key" : "cannot send a userdata");
  }
}

static int put_number(encoder *e, int index) {
  if (lua_isinteger(e->L, index))
    return appended(e, msgpack_pack_int64(&e->packer, lua_tointeger(e->L, index)));
  return appended(e, msgpack_pack_double(&e->packer, lua_tonumber(e->L, index)));
}

static int put_string(encoder *e, int index) {
  size_t n;
  const char *s = lua_tolstring(e->L, index, &n);
  if (n > UINT32_MAX) {
    e->err = TROUPE_E_TOO_BIG;
    return appended(e, e->err);
  }
  return appended(e, msgpack_pack_str_with_body(&e->packer, s, n));
}

static int put_boolean(encoder *e, int index) {
  return appended(e, lua_toboolean(e->L, index) ? msgpack_pack_true(&e->packer)
                                                : msgpack_pack_false(&e->packer));
}

static int put_userdata(encoder *e, int index) {
  const trp_codec_hooks *hooks = trp_codec_hooks_of(e->L);
  troupe_pid pid = {0};
  uint8_t rights = 0;
  if (!hooks || !hooks->to_ref(e->L, index, &pid, &rights))
    return refuse_type(e, LUA_TUSERDATA, false);
  uint8_t bytes[TRP_CODEC_REF_BYTES];
  for (int i = 0; i < 8; i++)
    bytes[i] = (uint8_t)(pid.id >> (56 - 8 * i));
  bytes[8] = rights;
  return appended(
      e, msgpack_pack_ext_with_body(&e->packer, bytes, TRP_CODEC_REF_BYTES, TRP_CODEC_REF));
}

static int put_key(encoder *e, int index) {
  switch (lua_type(e->L, index)) {
  case LUA_TSTRING:
    return put_string(e, index);
  case LUA_TNUMBER:
    return put_number(e, index);
  case LUA_TBOOLEAN:
    return put_boolean(e, index);
  default: {
    int type = lua_type(e->L, index);
    e->steps--; /* the path of the table: the key has no name */
    return refuse_type(e, type, true);
  }
  }
}

static int put_value(encoder *e, int index, unsigned depth);

static int put_array(encoder *e, int index, size_t n, unsigned depth) {
  int err = appended(e, msgpack_pack_array(&e->packer, n));
  step *at = &e->path[e->steps++];
  *at = (step){0};
  int value_at = lua_gettop(e->L) + 1;
  while (!err && (size_t)at->i < n) {
    at->i++;
    lua_rawgeti(e->L, index, at->i);
    err = put_value(e, value_at, depth);
    if (!err) lua_settop(e->L, value_at - 1);
  }
  e->steps--;
  return err;
}

static int put_map(encoder *e, int index, size_t n, unsigned depth) {
  lua_State *L = e->L;
  int err = appended(e, msgpack_pack_map(&e->packer, n));
  if (err) return err;
  lua_pushnil(L);
  int key_at = lua_gettop(L);
  e->path[e->steps++] = (step){.key_at = key_at};
  while (lua_next(L, index)) {
    err = put_key(e, key_at);
    if (!err) err = put_value(e, key_at + 1, depth);
    if (err) return err; /* for good: the path is not needed any more */
    lua_pop(L, 1);
  }
  e->steps--;
  return TROUPE_OK;
}

/* Counts the keys and tells whether they are exactly 1..n. Stops at n > most. */
static bool is_sequence(lua_State *L, int index, size_t most, size_t *n) {
  bool integers = true;
  lua_Integer highest = 0;
  *n = 0;
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    if (++*n > most) {
      lua_pop(L, 1);
      return false;
    }
    lua_Integer k = integers && lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (k < 1) integers = false;
    if (k > highest) highest = k;
  }
  return integers && (size_t)highest == *n;
}

static bool is_marked(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);
  bool marked = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return marked;
}

static int put_table(encoder *e, int index, unsigned depth) {
  if (depth == TRP_WIRE_DEPTH)
    return refuse(e, TROUPE_E_TOO_BIG, "cannot send tables nested this deep: is there a cycle?");
  if (!lua_checkstack(e->L, SLOTS))
    return refuse(e, TROUPE_E_LIMIT, "the Lua stack is too full to send a table");
  size_t n, room = e->out->buf.limit - e->out->buf.len;
  bool sequence = is_sequence(e->L, index, room, &n);
  if (n > room) {
    e->err = TROUPE_E_TOO_BIG;
    return appended(e, e->err);
  }
  if (sequence && (n > 0 || is_marked(e->L, index))) return put_array(e, index, n, depth + 1);
  return put_map(e, index, n, depth + 1);
}

/* On an error the message is on top of the stack, above whatever was being visited. */
static int put_value(encoder *e, int index, unsigned depth) {
  int type = lua_type(e->L, index);
  switch (type) {
  case LUA_TNIL:
    return appended(e, msgpack_pack_nil(&e->packer));
  case LUA_TBOOLEAN:
    return put_boolean(e, index);
  case LUA_TNUMBER:
    return put_number(e, index);
  case LUA_TSTRING:
    return put_string(e, index);
  case LUA_TTABLE:
    return put_table(e, index, depth);
  case LUA_TUSERDATA:
    return put_userdata(e, index);
  default:
    return refuse_type(e, type, false);
  }
}

/* count < 0: one value alone. */
static int encode(lua_State *L, int first, int count, trp_scratch *s) {
  int top = lua_gettop(L), err = TROUPE_OK;
  encoder e = {.L = L, .out = s, .frame = trp_lua_frame(L)};
  msgpack_packer_init(&e.packer, &e, append);
  trp_scratch_reset(s, e.frame);
  if (!lua_checkstack(L, SLOTS)) {
    lua_pushliteral(L, "the Lua stack is too full to send a message");
    return TROUPE_E_LIMIT;
  }
  first = lua_absindex(L, first);
  if (count < 0) {
    err = put_value(&e, first, 0);
  } else {
    e.argument = 1;
    err = appended(&e, msgpack_pack_array(&e.packer, (size_t)count));
    for (int i = 0; i < count && !err; i++) {
      e.argument = i + 1;
      err = put_value(&e, first + i, 1);
    }
  }
  if (err) {
    lua_insert(L, top + 1);
    lua_settop(L, top + 1);
  }
  return err;
}

int trp_codec_encode(lua_State *L, int first, int count, trp_scratch *s) {
  return encode(L, first, count, s);
}

int trp_codec_encode_value(lua_State *L, int index, trp_scratch *s) {
  return encode(L, index, -1, s);
}
