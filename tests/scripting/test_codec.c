/* Lua values to msgpack and back, in real Lua states on real arenas. */
#include "tests/test.h"

#include "scripting/codec.h"
#include "scripting/lua_compat.h"

#include <math.h>

#include <lauxlib.h>
#include <lualib.h>
#include <msgpack.h>

#include <troupe/error.h>

#include "actors/base/rand.h"
#include "scripting/state.h"
#include "tools/wire.h"

enum { LIMIT = 1 << 20 };

/* ---- harness: as much of an actor as the codec needs --------------------------------------- */

typedef struct rig {
  faulty heap, memory; /* of the Lua state; of the scratch buffer */
  trp_frame frame;
  trp_ledger ledger;
  troupe_actor actor;
  trp_lua lua;
  lua_State *L;
} rig;

static bool to_ref(lua_State *L, int index, troupe_pid *pid, uint8_t *rights) {
  const uint64_t *u = lua_touserdata(L, index);
  if (lua_rawlen(L, index) != 2 * sizeof *u) return false;
  pid->id = u[0];
  *rights = (uint8_t)u[1];
  return true;
}

static int push_ref(lua_State *L, troupe_pid pid, uint8_t rights) {
  if (pid.id == 0) return TROUPE_E_FORMAT;
  uint64_t *u = lua_newuserdatauv(L, 2 * sizeof *u, 0);
  u[0] = pid.id;
  u[1] = rights;
  return TROUPE_OK;
}

static int new_ref(lua_State *L) {
  return push_ref(L, (troupe_pid){(uint64_t)lua_tointeger(L, 1)}, (uint8_t)lua_tointeger(L, 2)) ? 0
                                                                                                : 1;
}

static int new_userdata(lua_State *L) {
  lua_newuserdatauv(L, 1, 0);
  return 1;
}

static int new_light(lua_State *L) {
  lua_pushlightuserdata(L, L);
  return 1;
}

static int new_array(lua_State *L) {
  lua_newtable(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);
  lua_setmetatable(L, -2);
  return 1;
}

static int is_array(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &trp_codec_array_mark);
  lua_pushboolean(L, lua_getmetatable(L, 1) && lua_rawequal(L, -1, -2));
  return 1;
}

static const char prelude[] =
    "function same(a, b)\n"
    "  if math.type(a) ~= math.type(b) then return false end\n"
    "  if a ~= a then return b ~= b end\n"
    "  if type(a) ~= 'table' or type(b) ~= 'table' then return rawequal(a, b) end\n"
    "  if is_array(a) ~= is_array(b) then return false end\n"
    "  for k, v in next, a do if not same(v, b[k]) then return false end end\n"
    "  for k in next, b do if a[k] == nil then return false end end\n"
    "  return true\n"
    "end\n"
    "function nest(n, v) for _ = 1, n do v = {v} end return v end\n";

static void rig_init(rig *g, size_t heap_limit) {
  memset(g, 0, sizeof *g);
  faulty_init(&g->heap, 0);
  faulty_init(&g->memory, 0);
  g->actor.frame = &g->frame;
  g->lua.actor = &g->actor;
  trp_ledger_init(&g->ledger, NULL);
  assert_int_equal(
      trp_scratch_open(&g->lua.scratch, &g->ledger, &g->frame, &g->memory.allocator, LIMIT), 0);
  trp_arena_init(&g->lua.arena, &g->heap.allocator, heap_limit, NULL, NULL);
  trp_arena_set_frame(&g->lua.arena, &g->frame);
  static const trp_codec_hooks hooks = {to_ref, push_ref};
  lua_State *L = g->L = trp_lua_newstate(trp_arena_alloc, &g->lua.arena);
  assert_non_null(L);
  *(trp_lua **)lua_getextraspace(L) = &g->lua;
  luaL_openlibs(L);
  trp_codec_open(L, &hooks);
  lua_register(L, "ref", new_ref);
  lua_register(L, "userdata", new_userdata);
  lua_register(L, "light", new_light);
  lua_register(L, "array", new_array);
  lua_register(L, "is_array", is_array);
  assert_int_equal(luaL_dostring(L, prelude), 0);
}

/* The end of a generation, as the kernel does it. */
static void rig_fini(rig *g) {
  for (trp_item *it; (it = trp_ledger_first(&g->ledger));) {
    const trp_item_ops *ops = it->ops;
    trp_ledger_remove(&g->ledger, it);
    ops->settle(&g->actor, it);
  }
  trp_ledger_fini(&g->ledger);
  trp_arena_drop(&g->lua.arena);
  faulty_check(&g->memory);
  faulty_check(&g->heap);
}

/* Pushes the values of a list of Lua expressions; returns how many. */
static int eval(rig *g, const char *expression) {
  int top = lua_gettop(g->L);
  lua_pushfstring(g->L, "return %s", expression);
  if (luaL_dostring(g->L, lua_tostring(g->L, -1)) != LUA_OK) fail_msg("%s", lua_tostring(g->L, -1));
  lua_remove(g->L, top + 1);
  return lua_gettop(g->L) - top;
}

static bool same(rig *g, int a, int b) {
  lua_State *L = g->L;
  a = lua_absindex(L, a);
  b = lua_absindex(L, b);
  lua_getglobal(L, "same");
  lua_pushvalue(L, a);
  lua_pushvalue(L, b);
  lua_call(L, 2, 1);
  bool yes = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return yes;
}

/* Decodes a copy without a spare byte behind it. */
static int decode_value(rig *g, const void *data, size_t len) {
  void *copy = malloc(len ? len : 1);
  if (!copy) abort();
  if (len) memcpy(copy, data, len);
  int err = trp_codec_decode_value(g->L, copy, len);
  free(copy);
  return err;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static void values_have_exact_bytes(void **state) {
  (void)state;
  static const struct {
    const char *value, *bytes;
    size_t len;
  } cases[] = {
      {"nil", "\xc0", 1},
      {"true", "\xc3", 1},
      {"false", "\xc2", 1},
      {"7", "\x07", 1},
      {"-1", "\xff", 1},
      {"200", "\xcc\xc8", 2},
      {"math.mininteger", "\xd3\x80\0\0\0\0\0\0\0", 9},
      {"math.maxinteger", "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9},
      {"1.0", "\xcb\x3f\xf0\0\0\0\0\0\0", 9},
      {"1/0", "\xcb\x7f\xf0\0\0\0\0\0\0", 9},
      {"'a\\0b'",
       "\xa3"
       "a\0b",
       4},
      {"('x'):rep(3)", "\xa3xxx", 4},
      {"{}", "\x80", 1},
      {"array()", "\x90", 1},
      {"{1,2}", "\x92\1\2", 3},
      {"{[1]=1,[3]=3}", NULL, 5},
      {"{[0]=1}", "\x81\0\1", 3},
      {"{[2]=1}", "\x81\2\1", 3},
      {"{[1]=1,[-1]=1}", NULL, 5},
      {"{[1.0]=1}", "\x91\1", 2},
      {"{[1.5]=1}", "\x81\xcb\x3f\xf8\0\0\0\0\0\0\1", 11},
      {"{[true]=1}", "\x81\xc3\1", 3},
      {"{a={}}",
       "\x81\xa1"
       "a\x80",
       4},
      {"ref(258, 3)", "\xc7\x09\x01\0\0\0\0\0\0\1\2\3", 12},
  };
  rig g;
  rig_init(&g, 0);
  const trp_buf *b = &g.lua.scratch->buf;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    eval(&g, cases[i].value);
    int top = lua_gettop(g.L);
    assert_int_equal(trp_codec_encode_value(g.L, -1, g.lua.scratch), 0);
    assert_int_equal(lua_gettop(g.L), top);
    assert_int_equal(b->len, cases[i].len);
    if (cases[i].bytes) assert_memory_equal(b->data, cases[i].bytes, b->len);
    lua_settop(g.L, 0);
  }
  rig_fini(&g);
}

static void arguments_keep_their_number(void **state) {
  (void)state;
  rig g;
  rig_init(&g, 0);
  lua_pushliteral(g.L, "below");
  assert_int_equal(eval(&g, "1, nil, 'x', nil, nil"), 5);
  assert_int_equal(trp_codec_encode(g.L, 2, 5, g.lua.scratch), 0);
  const trp_buf *b = &g.lua.scratch->buf;
  assert_int_equal(b->len, 7);
  assert_memory_equal(b->data, "\x95\1\xc0\xa1x\xc0\xc0", 7);
  int count = -1;
  assert_int_equal(trp_codec_decode(g.L, b->data, b->len, &count), 0);
  assert_int_equal(count, 5);
  assert_int_equal(lua_gettop(g.L), 11);
  assert_true(lua_isnil(g.L, -1));
  assert_int_equal(lua_tointeger(g.L, 7), 1);

  assert_int_equal(trp_codec_encode(g.L, 2, 0, g.lua.scratch), 0);
  assert_int_equal(b->len, 1);
  assert_int_equal(trp_codec_decode(g.L, b->data, b->len, &count), 0);
  assert_int_equal(count, 0);
  assert_int_equal(lua_gettop(g.L), 11);
  rig_fini(&g);
}

static void the_array_mark_makes_a_round_trip(void **state) {
  (void)state;
  rig g;
  rig_init(&g, 0);
  eval(&g, "{a = array(), m = {}, l = {array()}}");
  assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch), 0);
  assert_int_equal(decode_value(&g, g.lua.scratch->buf.data, g.lua.scratch->buf.len), 0);
  assert_true(same(&g, 1, 2));
  /* Marked, but with keys of its own: what it holds decides. */
  lua_settop(g.L, 0);
  assert_int_equal(luaL_dostring(g.L, "local a = array() a.x = 1 return a"), 0);
  assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch), 0);
  assert_memory_equal(g.lua.scratch->buf.data, "\x81\xa1x\1", 4);
  rig_fini(&g);
}

static void references_make_a_round_trip(void **state) {
  (void)state;
  rig g;
  rig_init(&g, 0);
  eval(&g, "{to = ref(77, 5)}");
  assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch), 0);
  assert_int_equal(decode_value(&g, g.lua.scratch->buf.data, g.lua.scratch->buf.len), 0);
  lua_getfield(g.L, -1, "to");
  const uint64_t *u = lua_touserdata(g.L, -1);
  assert_int_equal(u[0], 77);
  assert_int_equal(u[1], 5);
  lua_settop(g.L, 0);
  /* What the hook refuses, a wrong length, an unknown type. */
  assert_int_equal(decode_value(&g, "\xc7\x09\x01\0\0\0\0\0\0\0\0\3", 12), TROUPE_E_FORMAT);
  assert_int_equal(decode_value(&g, "\xc7\x08\x01\0\0\0\0\0\0\0\1", 11), TROUPE_E_FORMAT);
  assert_int_equal(decode_value(&g, "\xc7\x09\x02\0\0\0\0\0\0\0\1\3", 12), TROUPE_E_FORMAT);
  trp_codec_open(g.L, NULL);
  assert_int_equal(decode_value(&g, "\xc7\x09\x01\0\0\0\0\0\0\0\1\3", 12), TROUPE_E_FORMAT);
  eval(&g, "ref(1, 1)");
  assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch), TROUPE_E_INVALID);
  rig_fini(&g);
}

/* ---- property: round trips ----------------------------------------------------------------- */

static void push_scalar(lua_State *L, trp_rand *r, bool key) {
  static char bytes[70000];
  uint64_t bits = trp_rand_next(r) >> trp_rand_below(r, 64);
  double d;
  memcpy(&d, &bits, sizeof d);
  switch (trp_rand_below(r, 5)) {
  case 0:
    lua_pushboolean(L, (bits & 1) != 0);
    return;
  case 1:
    lua_pushinteger(L, (lua_Integer)(bits & 1 ? bits : 0 - bits));
    return;
  case 2:
    lua_pushnumber(L, key && d != d ? 0.5 : d);
    return;
  default:
    break;
  }
  size_t n = trp_rand_below(r, 20) ? trp_rand_below(r, 40) : trp_rand_below(r, sizeof bytes);
  for (size_t i = 0; i < n && i < 8; i++)
    bytes[i] = (char)trp_rand_next(r);
  lua_pushlstring(L, bytes, n);
}

static void push_random(lua_State *L, trp_rand *r, unsigned depth) {
  luaL_checkstack(L, 5, NULL);
  uint64_t kind = trp_rand_below(r, depth < 6 ? 5 : 2);
  lua_Integer n = (lua_Integer)trp_rand_below(r, 12);
  switch (kind) {
  case 0:
  case 1:
  case 2:
    push_scalar(L, r, false);
    return;
  case 3:
    new_array(L);
    if (n > 0) {
      lua_pushnil(L);
      lua_setmetatable(L, -2); /* only empty arrays come back marked */
    }
    for (lua_Integer i = 1; i <= n; i++) {
      push_random(L, r, depth + 1);
      lua_rawseti(L, -2, i);
    }
    return;
  default:
    lua_newtable(L);
    for (lua_Integer i = 0; i < n; i++) {
      push_scalar(L, r, true);
      push_random(L, r, depth + 1);
      lua_rawset(L, -3);
    }
  }
}

static void random_values_come_back_the_same(void **state) {
  (void)state;
  rig g;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  rig_init(&g, 0);
  int sent = 0;
  for (int round = 0; round < 1500; round++) {
    lua_settop(g.L, 0);
    push_random(g.L, &r, 0);
    int err = trp_codec_encode_value(g.L, 1, g.lua.scratch);
    if (err == TROUPE_E_TOO_BIG) continue;
    assert_int_equal(err, 0);
    const trp_buf *b = &g.lua.scratch->buf;
    assert_int_equal(trp_wire_valid(b->data, b->len, TRP_WIRE_DEPTH), 0);
    msgpack_unpacked u; /* and msgpack-c agrees */
    msgpack_unpacked_init(&u);
    size_t off = 0;
    assert_int_equal(msgpack_unpack_next(&u, (const char *)b->data, b->len, &off),
                     MSGPACK_UNPACK_SUCCESS);
    msgpack_unpacked_destroy(&u);
    assert_int_equal(decode_value(&g, b->data, b->len), 0);
    assert_int_equal(lua_gettop(g.L), 2);
    assert_true(same(&g, 1, 2));
    sent++;
  }
  assert_true(sent > 1000);
  rig_fini(&g);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void refusals_name_the_path(void **state) {
  (void)state;
  static const struct {
    const char *values;
    int code;
    const char *message;
  } cases[] = {
      {"1, {handlers = {1, 2, print}}", TROUPE_E_INVALID,
       "cannot send a function (at argument 2.handlers[3])"},
      {"print", TROUPE_E_INVALID, "cannot send a function (at argument 1)"},
      {"coroutine.create(print)", TROUPE_E_INVALID, "cannot send a coroutine (at argument 1)"},
      {"userdata()", TROUPE_E_INVALID, "cannot send a userdata (at argument 1)"},
      {"light()", TROUPE_E_INVALID, "cannot send a light userdata (at argument 1)"},
      {"{a={b={['c d']={[true]={[-1]={[1.5]=light()}}}}}}", TROUPE_E_INVALID,
       "cannot send a light userdata (at argument 1.a.b[\"c d\"][true][-1][1.5])"},
      {"{['x\\0\\n\"\\255'] = print}", TROUPE_E_INVALID,
       "cannot send a function (at argument 1[\"x????\"])"},
      {"{[('k'):rep(50)] = print}", TROUPE_E_INVALID,
       "cannot send a function (at argument 1[\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...\"])"},
      {"{a = {[print] = 1}}", TROUPE_E_INVALID,
       "cannot send a function as a key (at argument 1.a)"},
      {"{[{}] = 1}", TROUPE_E_INVALID, "cannot send a table as a key (at argument 1)"},
      {"{[ref(1, 1)] = 1}", TROUPE_E_INVALID, "cannot send a userdata as a key (at argument 1)"},
      {"1, ('x'):rep(1 << 20)", TROUPE_E_TOO_BIG,
       "the message is larger than its limit (at argument 2)"},
      {"{s = ('x'):rep(1 << 20)}", TROUPE_E_TOO_BIG,
       "the message is larger than its limit (at argument 1.s)"},
  };
  rig g;
  rig_init(&g, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int count = eval(&g, cases[i].values);
    assert_int_equal(trp_codec_encode(g.L, 1, count, g.lua.scratch), cases[i].code);
    assert_int_equal(lua_gettop(g.L), count + 1);
    assert_string_equal(lua_tostring(g.L, -1), cases[i].message);
    lua_settop(g.L, 0);
  }
  eval(&g, "{print}");
  assert_int_equal(trp_codec_encode_value(g.L, -1, g.lua.scratch), TROUPE_E_INVALID);
  assert_string_equal(lua_tostring(g.L, -1), "cannot send a function (at value[1])");
  rig_fini(&g);
}

static void cycles_end_at_the_depth_limit(void **state) {
  (void)state;
  rig g;
  rig_init(&g, 0);
  assert_int_equal(luaL_dostring(g.L, "local t = {} t.t = t return t"), 0);
  assert_int_equal(trp_codec_encode(g.L, 1, 1, g.lua.scratch), TROUPE_E_TOO_BIG);
  assert_non_null(strstr(lua_tostring(g.L, -1), "cycle"));
  rig_fini(&g);
}

static void no_metamethod_runs(void **state) {
  (void)state;
  static const char source[] =
      "local function boom() error 'a metamethod ran' end\n"
      "local mt = {}\n"
      "for _, e in ipairs { 'index', 'newindex', 'pairs', 'len', 'eq', 'lt', 'le', 'call', "
      "'name',\n"
      "    'tostring', 'concat', 'unm', 'metatable', 'close' } do mt['__' .. e] = boom end\n"
      "local function t(x) return setmetatable(x, mt) end\n"
      "return t { 1, 2, t {} }, t { a = 1, [2] = t { t { 'x' } } }, t { f = print }";
  rig g;
  rig_init(&g, 0);
  assert_int_equal(luaL_dostring(g.L, source), 0);
  assert_int_equal(trp_codec_encode(g.L, 1, 2, g.lua.scratch), 0);
  assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch), 0);
  assert_memory_equal(g.lua.scratch->buf.data, "\x93\1\2\x80", 4);
  assert_int_equal(trp_codec_encode_value(g.L, 3, g.lua.scratch), TROUPE_E_INVALID);
  assert_string_equal(lua_tostring(g.L, -1), "cannot send a function (at value.f)");
  rig_fini(&g);
}

/* ---- limits -------------------------------------------------------------------------------- */

static void depth_32_is_the_last(void **state) {
  (void)state;
  rig g;
  rig_init(&g, 0);
  for (int depth = 30; depth <= 34; depth++) {
    char text[40];
    (void)snprintf(text, sizeof text, "nest(%d, 1)", depth);
    eval(&g, text);
    assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch),
                     depth <= 32 ? TROUPE_OK : TROUPE_E_TOO_BIG);
    lua_settop(g.L, 1);
    assert_int_equal(trp_codec_encode(g.L, 1, 1, g.lua.scratch),
                     depth <= 31 ? TROUPE_OK : TROUPE_E_TOO_BIG);
    lua_settop(g.L, 0);

    uint8_t bytes[40];
    int count;
    memset(bytes, 0x91, sizeof bytes);
    bytes[depth] = 1;
    int err = depth <= 32 ? TROUPE_OK : TROUPE_E_TOO_BIG;
    assert_int_equal(decode_value(&g, bytes, (size_t)depth + 1), err);
    lua_settop(g.L, 0);
    assert_int_equal(trp_codec_decode(g.L, bytes, (size_t)depth + 1, &count), err);
    lua_settop(g.L, 0);
  }
  rig_fini(&g);
}

static void the_limit_of_bytes_is_exact(void **state) {
  (void)state;
  rig g;
  rig_init(&g, 0);
  for (size_t limit = 1; limit < 60; limit++) {
    g.lua.scratch->buf.limit = limit;
    trp_buf_fini(&g.lua.scratch->buf);
    eval(&g, "{'12345678', 1.5, true, {300, 70000}}"); /* 1 + 9 + 9 + 1 + 1 + 3 + 5 */
    assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch),
                     limit >= 29 ? TROUPE_OK : TROUPE_E_TOO_BIG);
    assert_true(g.lua.scratch->buf.cap <= limit);
    lua_settop(g.L, 0);
  }
  rig_fini(&g);
}

static void the_buffer_shrinks_when_it_is_used_again(void **state) {
  (void)state;
  rig g;
  rig_init(&g, 0);
  eval(&g, "('x'):rep(1000000)");
  assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch), 0);
  assert_true(g.memory.live_bytes >= 1000000);
  lua_pushinteger(g.L, 1);
  assert_int_equal(trp_codec_encode_value(g.L, 2, g.lua.scratch), 0);
  assert_true(g.memory.live_bytes <= TRP_SCRATCH_KEEP + sizeof(trp_scratch));
  trp_scratch_close(g.lua.scratch, &g.ledger, &g.frame);
  assert_int_equal(g.memory.live_blocks, 0);
  rig_fini(&g);
}

static void each_allocation_of_the_buffer_may_fail(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    rig g;
    rig_init(&g, 0);
    long before = g.memory.calls;
    g.memory.fail_at = before + n;
    eval(&g, "{('x'):rep(100), ('y'):rep(5000), z = ('z'):rep(20000)}");
    int err = trp_codec_encode_value(g.L, 1, g.lua.scratch);
    if (err) {
      assert_int_equal(err, TROUPE_E_NO_MEMORY);
      assert_non_null(strstr(lua_tostring(g.L, -1), "no memory"));
      assert_int_equal(lua_gettop(g.L), 2);
    }
    bool past = g.memory.calls < g.memory.fail_at;
    rig_fini(&g);
    if (!err && past) break;
  }
  for (long n = 1; n <= 4; n++) { /* the struct; the ledger's book and table comes from elsewhere */
    faulty f;
    trp_frame frame = {.in_actor = 0};
    trp_ledger l;
    trp_scratch *s;
    faulty_init(&f, n);
    trp_ledger_init(&l, &f.allocator);
    int err = trp_scratch_open(&s, &l, &frame, &f.allocator, 100);
    if (!err) trp_scratch_close(s, &l, &frame);
    assert_int_equal(!err, s != NULL);
    trp_ledger_fini(&l);
    faulty_check(&f);
  }
}

/* ---- hostile bytes ------------------------------------------------------------------------- */

static void hostile_bytes_are_refused_and_leave_nothing(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t len;
  } cases[] = {
      {"", 0},
      {"\xdd\x0d\xff\xff\xff", 5},
      {"\xdf\xff\xff\xff\xff", 5},
      {"\xdb\xff\xff\xff\xff", 5},
      {"\xc1", 1},
      {"\x01\x01", 2},                        /* two values */
      {"\x91", 1},                            /* cut */
      {"\x81\xc0\x01", 3},                    /* nil as a key */
      {"\x81\xcb\x7f\xf8\0\0\0\0\0\0\1", 11}, /* NaN as a key */
      {"\x81\xca\x7f\xc0\0\0\1", 7},
      {"\x81\x80\x01", 3},                          /* a table as a key */
      {"\x81\xc7\x09\x01\0\0\0\0\0\0\1\2\3\1", 14}, /* a ref as a key */
      {"\xcf\x80\0\0\0\0\0\0\0", 9},                /* 2^63 */
      {"\x92\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 11},
      {"\xd6\xff\0\0\0\0", 6}, /* a timestamp */
      {"\x93\x92\1\2\3", 5},   /* short, though each count alone fits */
  };
  rig g;
  rig_init(&g, 0);
  lua_pushliteral(g.L, "below");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int count = -1;
    assert_int_equal(decode_value(&g, cases[i].bytes, cases[i].len), TROUPE_E_FORMAT);
    assert_int_equal(lua_gettop(g.L), 1);
    assert_int_equal(trp_codec_decode(g.L, cases[i].bytes, cases[i].len, &count), TROUPE_E_FORMAT);
    assert_int_equal(count, 0);
    assert_int_equal(lua_gettop(g.L), 1);
  }
  int count = -1;
  assert_int_equal(trp_codec_decode(g.L, "\x01", 1, &count), TROUPE_E_FORMAT); /* no array */
  rig_fini(&g);
}

static void nested_counts_cannot_claim_the_same_bytes(void **state) {
  (void)state;
  enum { LEN = 100000 };
  static uint8_t bytes[LEN];
  memset(bytes, 0xc0, sizeof bytes);
  for (size_t i = 0; i < 31; i++) { /* each level claims 99,000 elements */
    static const uint8_t head[5] = {0xdd, 0, 1, 0x82, 0xb8};
    memcpy(bytes + i * 5, head, 5);
  }
  rig g;
  rig_init(&g, 0);
  size_t before = g.lua.arena.held;
  assert_int_equal(decode_value(&g, bytes, sizeof bytes), TROUPE_E_FORMAT);
  assert_true(g.lua.arena.peak - before < (size_t)LEN * 24);
  rig_fini(&g);
}

static void changed_bytes_never_mislead_the_decoder(void **state) {
  (void)state;
  rig g;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  rig_init(&g, 0);
  for (int round = 0; round < 300; round++) {
    lua_settop(g.L, 0);
    push_random(g.L, &r, 0);
    if (trp_codec_encode(g.L, 1, 1, g.lua.scratch)) continue;
    trp_buf *b = &g.lua.scratch->buf;
    for (int i = 0; i < 30; i++) {
      lua_settop(g.L, 0);
      b->data[trp_rand_below(&r, b->len < 100 ? b->len : 100)] = (uint8_t)trp_rand_next(&r);
      size_t len = trp_rand_below(&r, 2) ? b->len : trp_rand_below(&r, b->len + 1);
      if (decode_value(&g, b->data, len)) {
        assert_int_equal(lua_gettop(g.L), 0);
      } else {
        assert_int_equal(lua_gettop(g.L), 1);
        assert_int_equal(trp_wire_valid(b->data, len, TRP_WIRE_DEPTH), 0);
      }
    }
  }
  rig_fini(&g);
}

/* ---- left in the middle -------------------------------------------------------------------- */

/* Fills a state whose limit may be too low for it; true when it was not left. */
static bool decode_within(rig *g, const trp_buf *message) {
  if (sigsetjmp(g->frame.jump, 0) == 0) {
    g->frame.in_actor = 1;
    int err = trp_codec_decode_value(g->L, message->data, message->len);
    g->frame.in_actor = 0;
    return err == TROUPE_OK;
  }
  assert_int_equal(g->frame.why, TROUPE_EXIT_MEMORY_LIMIT);
  return false;
}

static void decoding_can_be_left_at_every_allocation(void **state) {
  (void)state;
  rig from;
  rig_init(&from, 0);
  eval(&from, "{a = {1, 2, 3, {x = ('x'):rep(700)}}, b = ('y'):rep(100), c = {{}, {}, array()}}");
  assert_int_equal(trp_codec_encode_value(from.L, 1, from.lua.scratch), 0);
  bool stayed = false;
  for (size_t extra = 0; !stayed; extra += 16) {
    rig g;
    rig_init(&g, 0);
    lua_gc(g.L, LUA_GCSTOP);
    g.lua.arena.limit = g.lua.arena.held + extra;
    stayed = decode_within(&g, &from.lua.scratch->buf);
    rig_fini(&g);
    assert_true(extra < 100000);
  }
  rig_fini(&from);
}

/* ---- room ---------------------------------------------------------------------------------- */

static void decoding_takes_no_more_than_its_cost(void **state) {
  (void)state;
  rig g;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int round = 0; round < 100; round++) {
    rig_init(&g, 0);
    lua_gc(g.L, LUA_GCSTOP);
    push_random(g.L, &r, 0);
    if (trp_codec_encode(g.L, 1, 1, g.lua.scratch) == TROUPE_OK) {
      const trp_buf *b = &g.lua.scratch->buf;
      size_t before = g.lua.arena.held;
      assert_int_equal(decode_value(&g, b->data, b->len), 0);
      size_t taken = g.lua.arena.held - before;
      assert_true(taken <= trp_codec_cost(b->data, b->len) + (size_t)64 * 1024);
    }
    rig_fini(&g);
  }
}

static void a_message_cannot_end_its_receiver(void **state) {
  (void)state;
  enum { LEN = 300000 };
  static uint8_t bytes[LEN];
  static const uint8_t head[5] = {0xdd, 0, 4, 0x93, 0xdb};
  trp_buf message = {.data = bytes, .len = LEN, .cap = LEN};
  static const int fills[] = {0x80, 0x90, 0xa0, 0xc0, 0x7f};
  for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
    memset(bytes, fills[i], LEN);
    memcpy(bytes, head, sizeof head);
    for (size_t limit = (size_t)128 * 1024; limit < (size_t)64 << 20; limit *= 2) {
      rig g;
      rig_init(&g, limit);
      g.frame.why = TROUPE_EXIT_NORMAL;
      (void)decode_within(&g, &message);
      assert_int_equal(g.frame.why, TROUPE_EXIT_NORMAL); /* done or refused, not left */
      rig_fini(&g);
    }
  }
}

static void garbage_makes_room(void **state) {
  (void)state;
  rig g;
  rig_init(&g, 0);
  lua_gc(g.L, LUA_GCSTOP);
  eval(&g, "('x'):rep(1000000)");
  assert_int_equal(trp_codec_encode_value(g.L, 1, g.lua.scratch), 0);
  lua_settop(g.L, 0);
  g.lua.arena.limit = g.lua.arena.held + 500000;
  assert_true(decode_within(&g, &g.lua.scratch->buf));
  assert_int_equal(lua_rawlen(g.L, -1), 1000000);
  assert_true(g.lua.arena.held <= 1200000);
  g.lua.arena.limit = g.lua.arena.held + 500000; /* and now there is none to collect */
  assert_false(decode_within(&g, &g.lua.scratch->buf));
  assert_int_equal(lua_gettop(g.L), 1);
  rig_fini(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_have_exact_bytes),
      cmocka_unit_test(arguments_keep_their_number),
      cmocka_unit_test(the_array_mark_makes_a_round_trip),
      cmocka_unit_test(references_make_a_round_trip),
      cmocka_unit_test(random_values_come_back_the_same),
      cmocka_unit_test(refusals_name_the_path),
      cmocka_unit_test(cycles_end_at_the_depth_limit),
      cmocka_unit_test(no_metamethod_runs),
      cmocka_unit_test(depth_32_is_the_last),
      cmocka_unit_test(the_limit_of_bytes_is_exact),
      cmocka_unit_test(the_buffer_shrinks_when_it_is_used_again),
      cmocka_unit_test(each_allocation_of_the_buffer_may_fail),
      cmocka_unit_test(hostile_bytes_are_refused_and_leave_nothing),
      cmocka_unit_test(nested_counts_cannot_claim_the_same_bytes),
      cmocka_unit_test(changed_bytes_never_mislead_the_decoder),
      cmocka_unit_test(decoding_can_be_left_at_every_allocation),
      cmocka_unit_test(decoding_takes_no_more_than_its_cost),
      cmocka_unit_test(a_message_cannot_end_its_receiver),
      cmocka_unit_test(garbage_makes_room),
  };
  return run_tests(tests);
}
