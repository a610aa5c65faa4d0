/* The module "troupe.json". Decoding: jansson parses in a native half; its tree hangs on the ledger
 * while it is copied to the Lua stack. Encoding writes straight from the Lua stack into the actor's
 * scratch buffer. Neither runs metamethods. */
#include <troupe/json.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <lauxlib.h>

#include "actors/base/mem.h"
#include "scripting/codec.h"
#include "scripting/collect.h"
#include "scripting/fault.h"
#include "scripting/modules.h"
#include "scripting/scratch.h"
#include "scripting/script.h"
#include "scripting/state.h"

enum { DEPTH_MAX = 32 };

/* What the parts of a tree take, as malloc rounds them; the table made from each takes less. */
enum { OBJECT_BYTES = 256, ARRAY_BYTES = 144, VALUE_BYTES = 64, MEMBER_BYTES = 80 };

/* ---- decoding ------------------------------------------------------------------------------ */

typedef struct tree {
  trp_item item;
  const troupe_allocator *al;
  json_t *root;
} tree;

static void destroy(tree *t) {
  json_decref(t->root);
  trp_free(t->al, t, sizeof *t);
}

static void tree_settle(troupe_actor *a, trp_item *it) {
  (void)a;
  destroy(TRP_CONTAINER(it, tree, item));
}

static const trp_item_ops tree_ops = {
    .name = "json", .index = TRP_ITEM_SCRATCH, .settle = tree_settle};

/* At most what the tree of a text takes. */
static size_t tree_cost(const char *text, size_t len) {
  size_t cost = len + VALUE_BYTES;
  bool quoted = false;
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    if (c == '"')
      quoted = !quoted;
    else if (quoted)
      i += c == '\\';
    else if (c == '{')
      cost += OBJECT_BYTES + VALUE_BYTES;
    else if (c == '[')
      cost += ARRAY_BYTES + VALUE_BYTES;
    else if (c == ',')
      cost += VALUE_BYTES;
    else if (c == ':')
      cost += MEMBER_BYTES;
  }
  return cost;
}

/* A text from elsewhere must not be able to end the actor that reads it. */
static bool has_room(lua_State *L, size_t cost) { return trp_collect_room(L, 2 * cost); }

/* Native. */
static int parse(trp_lua *lua, const char *text, size_t len, tree **out, char *msg,
                 size_t msg_len) {
  const troupe_allocator *al = trp_system_allocator(troupe_actor_system(lua->actor));
  json_error_t error;
  *out = NULL;
  tree *t = trp_zalloc(al, sizeof *t);
  if (!t) return TROUPE_E_NO_MEMORY;
  t->al = al;
  t->root = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
  if (!t->root) {
    bool memory = json_error_code(&error) == json_error_out_of_memory;
    snprintf(msg, msg_len, "line %d, column %d: %s", error.line, error.column, error.text);
    trp_free(al, t, sizeof *t);
    return memory ? TROUPE_E_NO_MEMORY : TROUPE_E_FORMAT;
  }
  int err = trp_ledger_add(trp_actor_ledger(lua->actor), &t->item, &tree_ops, 0);
  if (err)
    destroy(t);
  else
    *out = t;
  return err;
}

static const char null_key;

static void push_null(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key); }

/* Pushes a value. False: too deep, with anything pushed. */
static bool push_json(lua_State *L, json_t *j, int depth) {
  if (!lua_checkstack(L, 6)) return false;
  switch (json_typeof(j)) {
  case JSON_OBJECT: {
    if (depth == DEPTH_MAX) return false;
    lua_createtable(L, 0, (int)json_object_size(j));
    for (void *it = json_object_iter(j); it; it = json_object_iter_next(j, it)) {
      lua_pushstring(L, json_object_iter_key(it));
      if (!push_json(L, json_object_iter_value(it), depth + 1)) return false;
      lua_rawset(L, -3);
    }
    return true;
  }
  case JSON_ARRAY: {
    if (depth == DEPTH_MAX) return false;
    size_t n = json_array_size(j);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
      if (!push_json(L, json_array_get(j, i), depth + 1)) return false;
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    if (n == 0) {
      lua_rawgetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);
      lua_setmetatable(L, -2);
    }
    return true;
  }
  case JSON_STRING:
    lua_pushlstring(L, json_string_value(j), json_string_length(j));
    return true;
  case JSON_INTEGER:
    lua_pushinteger(L, (lua_Integer)json_integer_value(j));
    return true;
  case JSON_REAL:
    lua_pushnumber(L, json_real_value(j));
    return true;
  case JSON_TRUE:
    lua_pushboolean(L, 1);
    return true;
  case JSON_FALSE:
    lua_pushboolean(L, 0);
    return true;
  case JSON_NULL:
    push_null(L);
    return true;
  }
  return false;
}

static int decode(lua_State *L, bool quiet) {
  trp_lua *lua = trp_lua_of(L);
  char msg[JSON_ERROR_TEXT_LENGTH + 64] = "";
  size_t len;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *text = lua_tolstring(L, 1, &len);
  lua_settop(L, 1);
  if (len > lua->script->limits.message_bytes)
    return trp_fault_throw_code(L, quiet, TROUPE_E_TOO_BIG, NULL);
  size_t cost = tree_cost(text, len);
  if (!has_room(L, cost))
    return trp_fault_throw_code(L, quiet, TROUPE_E_TOO_BIG, "no memory is left for it");
  tree *t;
  trp_frame *frame = trp_lua_frame(L);
  trp_arena_charge(&lua->arena, cost);
  TRP_NATIVE_BEGIN(frame);
  int err = parse(lua, text, len, &t, msg, sizeof msg);
  TRP_NATIVE_END(frame);
  bool ok = !err && push_json(L, t->root, 0);
  if (!err) {
    TRP_NATIVE_BEGIN(frame);
    trp_ledger_remove(trp_actor_ledger(lua->actor), &t->item);
    destroy(t);
    TRP_NATIVE_END(frame);
  }
  trp_arena_uncharge(&lua->arena, cost);
  if (err) return trp_fault_throw_code(L, quiet, err, msg[0] ? msg : NULL);
  if (!ok) return trp_fault_throw_code(L, quiet, TROUPE_E_TOO_BIG, "nested too deep");
  return 1;
}

/* ---- encoding ------------------------------------------------------------------------------ */

typedef struct writer {
  lua_State *L;
  trp_scratch *out;
  trp_frame *frame;
  int err;
  const char *bad; /* the type that cannot be encoded */
} writer;

static bool add(writer *w, const char *s, size_t n) {
  w->err = trp_scratch_append(w->out, w->frame, s, n);
  return w->err == TROUPE_OK;
}

static bool refuse(writer *w, const char *what) {
  w->err = TROUPE_E_INVALID;
  w->bad = what;
  return false;
}

/* Bytes that are not valid UTF-8 are refused: a text of JSON has none. */
static size_t utf8_len(const unsigned char *s, size_t n) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
  if (len == 0 || len > n || s[0] > 0xf4) return 0;
  uint32_t c = len == 1 ? s[0] : s[0] & (0x7fU >> len);
  for (size_t i = 1; i < len; i++) {
    if ((s[i] & 0xc0) != 0x80) return 0;
    c = c << 6 | (s[i] & 0x3fU);
  }
  return (len > 1 && c < least[len]) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

static bool add_string(writer *w, const char *s, size_t n) {
  if (!add(w, "\"", 1)) return false;
  for (size_t i = 0, step; i < n; i += step) {
    char escape[8];
    step = utf8_len((const unsigned char *)s + i, n - i);
    if (step == 0) return refuse(w, "string that is not UTF-8");
    unsigned char c = (unsigned char)s[i];
    bool ok;
    if (c == '"' || c == '\\') {
      escape[0] = '\\', escape[1] = (char)c;
      ok = add(w, escape, 2);
    } else if (c < 0x20 || c == 0x7f) {
      snprintf(escape, sizeof escape, "\\u%04x", c);
      ok = add(w, escape, 6);
    } else {
      ok = add(w, s + i, step);
    }
    if (!ok) return false;
  }
  return add(w, "\"", 1);
}

static bool add_number(writer *w, int idx) {
  char text[40];
  if (lua_isinteger(w->L, idx)) {
    snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(w->L, idx));
  } else {
    lua_Number n = lua_tonumber(w->L, idx);
    if (!isfinite(n)) return refuse(w, "number that is not finite");
    snprintf(text, sizeof text, "%.15g", n);
    if (strtod(text, NULL) != n) snprintf(text, sizeof text, "%.17g", n);
    char *point = text + strspn(text, "-0123456789");
    if (*point && *point != 'e') *point = '.'; /* the host's locale may have another */
    if (!strpbrk(text, ".e")) return add(w, text, strlen(text)) && add(w, ".0", 2); /* a float */
  }
  return add(w, text, strlen(text));
}

static bool add_value(writer *w, int idx, int depth);

/* The keys are 1..n and nothing else, n > 0; or the table has the array mark. */
static bool is_array(lua_State *L, int idx, lua_Integer *n) {
  lua_Integer count = 0;
  *n = (lua_Integer)lua_rawlen(L, idx);
  lua_pushnil(L);
  while (lua_next(L, idx)) {
    lua_pop(L, 1);
    lua_Integer k = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
    if (k < 1 || k > *n) {
      lua_pop(L, 1);
      return false;
    }
    count++;
  }
  if (count > 0) return count == *n;
  bool marked = false;
  if (lua_getmetatable(L, idx)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);
    marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
  }
  *n = 0;
  return marked;
}

static bool add_array(writer *w, int idx, lua_Integer n, int depth) {
  if (!add(w, "[", 1)) return false;
  for (lua_Integer i = 1; i <= n; i++) {
    if (i > 1 && !add(w, ",", 1)) return false;
    lua_rawgeti(w->L, idx, i);
    if (!add_value(w, lua_gettop(w->L), depth + 1)) return false;
    lua_pop(w->L, 1);
  }
  return add(w, "]", 1);
}

typedef struct key {
  const char *s;
  size_t len;
} key;

static int by_bytes(const void *a, const void *b) {
  const key *x = a, *y = b;
  int d = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);
  return d ? d : (x->len > y->len) - (x->len < y->len);
}

static bool add_object(writer *w, int idx, int depth) {
  lua_State *L = w->L;
  size_t n = 0, i = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    n++;
    if (lua_type(L, -2) != LUA_TSTRING) return refuse(w, "table with keys that are no strings");
  }
  key *keys = lua_newuserdatauv(L, (n ? n : 1) * sizeof *keys, 0);
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1), i++)
    keys[i].s = lua_tolstring(L, -2, &keys[i].len);
  TRP_NATIVE_BEGIN(w->frame); /* it may allocate */
  qsort(keys, n, sizeof *keys, by_bytes);
  TRP_NATIVE_END(w->frame);
  if (!add(w, "{", 1)) return false;
  for (i = 0; i < n; i++) {
    if (i > 0 && !add(w, ",", 1)) return false;
    /* jansson does not read such a key, and what we write we read */
    if (memchr(keys[i].s, 0, keys[i].len)) return refuse(w, "table with a NUL byte in a key");
    if (!add_string(w, keys[i].s, keys[i].len) || !add(w, ":", 1)) return false;
    lua_pushlstring(L, keys[i].s, keys[i].len);
    lua_rawget(L, idx);
    if (!add_value(w, lua_gettop(L), depth + 1)) return false;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return add(w, "}", 1);
}

static bool add_table(writer *w, int idx, int depth) {
  lua_Integer n;
  if (depth == DEPTH_MAX) {
    w->err = TROUPE_E_TOO_BIG;
    return false;
  }
  return is_array(w->L, idx, &n) ? add_array(w, idx, n, depth) : add_object(w, idx, depth);
}

static bool add_value(writer *w, int idx, int depth) {
  lua_State *L = w->L;
  size_t len;
  if (!lua_checkstack(L, 8)) {
    w->err = TROUPE_E_LIMIT;
    return false;
  }
  switch (lua_type(L, idx)) {
  case LUA_TNIL:
    return add(w, "null", 4);
  case LUA_TBOOLEAN:
    return lua_toboolean(L, idx) ? add(w, "true", 4) : add(w, "false", 5);
  case LUA_TNUMBER:
    return add_number(w, idx);
  case LUA_TSTRING: {
    const char *s = lua_tolstring(L, idx, &len);
    return add_string(w, s, len);
  }
  case LUA_TTABLE:
    return add_table(w, idx, depth);
  default: {
    push_null(L);
    bool null = lua_rawequal(L, idx, -1);
    lua_pop(L, 1);
    return null ? add(w, "null", 4) : refuse(w, luaL_typename(L, idx));
  }
  }
}

static int encode(lua_State *L, bool quiet) {
  trp_lua *lua = trp_lua_of(L);
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  writer w = {.L = L, .out = lua->scratch, .frame = trp_lua_frame(L)};
  trp_scratch_reset(w.out, w.frame);
  if (add_value(&w, 1, 0)) {
    lua_pushlstring(L, (const char *)w.out->buf.data, w.out->buf.len);
    trp_scratch_reset(w.out, w.frame);
    return 1;
  }
  lua_settop(L, 1);
  if (w.bad) return luaL_error(L, "json.encode: cannot encode a %s", w.bad);
  return trp_fault_throw_code(L, quiet, w.err, NULL);
}

/* ---- the module ---------------------------------------------------------------------------- */

static int json_decode(lua_State *L) { return decode(L, false); }
static int json_try_decode(lua_State *L) { return decode(L, true); }
static int json_encode(lua_State *L) { return encode(L, false); }
static int json_try_encode(lua_State *L) { return encode(L, true); }

static int null_tostring(lua_State *L) {
  lua_pushliteral(L, "null");
  return 1;
}

static int open_json(lua_State *L) {
  static const luaL_Reg functions[] = {{"decode", json_decode},
                                       {"try_decode", json_try_decode},
                                       {"encode", json_encode},
                                       {"try_encode", json_try_encode},
                                       {NULL, NULL}};
  lua_newuserdatauv(L, 1, 0);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, null_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
  luaL_newlib(L, functions);
  lua_insert(L, -2);
  lua_setfield(L, -2, "null");
  return 1;
}

int troupe_json_register(troupe_system *sys) {
  return trp_script_module(sys, "troupe.json", open_json);
}
