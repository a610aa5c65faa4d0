/* The self-test of the linked Lua, and what scripts can do with its defects here: nothing that
 * reaches beyond their actor. Where a guard is missing these tests end by a signal. */
#include "tests/scripting/stage.h"

#include <sys/resource.h>

#include <troupe/lua_defects.h>

#include <lua.h>

#include "actors/sched.h"
#include "scripting/arena.h"
#include "scripting/coroutine.h"
#include "scripting/defects.h"
#include "scripting/lua_compat.h"

/* ---- the self-test ------------------------------------------------------------------------- */

enum { ROOM = 32, AS_PACKAGED = 50404 };

/* "5.4.8" as LUA_VERSION_RELEASE_NUM has it. */
static long release_number(const char *text) {
  char *end;
  long major = strtol(text, &end, 10), minor = strtol(end + 1, &end, 10);
  return (major * 100 + minor) * 100 + (*end ? strtol(end + 1, NULL, 10) : 0);
}

/* Debian mends two others in its 5.4.4. */
static void the_self_test_finds_what_the_release_has(void **state) {
  (void)state;
  troupe_lua_defect found[ROOM];
  size_t count;
  assert_int_equal(troupe_lua_defects(&count, found, ROOM), TROUPE_OK);
  assert_in_range(count, 7, ROOM);
  for (size_t i = 0; i < count; i++) {
    assert_true(release_number(found[i].fixed_in) > AS_PACKAGED);
    if (LUA_VERSION_RELEASE_NUM == AS_PACKAGED) assert_true(found[i].present);
    if (LUA_VERSION_RELEASE_NUM >= release_number(found[i].fixed_in))
      assert_false(found[i].present);
  }
}

static void the_self_test_writes_no_more_than_there_is_room_for(void **state) {
  (void)state;
  troupe_lua_defect found[2] = {{.name = "old"}, {.name = "old"}};
  size_t all, count;
  assert_int_equal(troupe_lua_defects(&all, NULL, 0), TROUPE_OK);
  assert_int_equal(troupe_lua_defects(&count, found, 1), TROUPE_OK);
  assert_int_equal(count, all);
  assert_string_not_equal(found[0].name, "old");
  assert_string_equal(found[1].name, "old");
}

/* ---- the C stack --------------------------------------------------------------------------- */

/* Runs a source to its end on workers (or, with 0, on this thread) with limits of its own. */
static void cast_on(int workers, const char *source, const troupe_script_limits *limits, cast *c) {
  stage s;
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = source;
  script.chunk_name = "test";
  if (limits) script.limits = *limits;
  troupe_grants *g = cast_grants();
  script.grants = g;
  stage_start(&s, workers);
  memset(c, 0, sizeof *c);
  cast_start(&s, c, &script);
  troupe_grants_unref(g);
  cast_end(c);
  stage_stop(&s);
}

static void ends_normally_everywhere(const char *source) {
  const troupe_script_limits limits = {.memory_bytes = 256 << 20, .cpu_ms_per_message = 60000};
  for (int workers = 0; workers <= 2; workers += 2) {
    cast c;
    cast_on(workers, source, &limits, &c);
    expect_class(&c, TROUPE_EXIT_NORMAL);
  }
}

/* Closes that nest, and in each of them as many C calls as Lua allows, which it counts from 0 in
 * every close; at the bottom the longest chain of fields that `load` takes. */
static const char nests_all[] =
    "local t = setmetatable({}, {}) t.x = t\n"
    "local chain = assert(load('local t = ... return t' .. ('.x'):rep(32000) .. ' + 1'))\n"
    "local function down(n, f)\n"
    "  if n == 0 then return f() end\n"
    "  return (('x'):gsub('x', function() down(n - 1, f) end))\n"
    "end\n"
    "local co, refused, named\n"
    "for i = 1, 300 do\n"
    "  local inner = co\n"
    "  co = coroutine.create(function()\n"
    "    local x <close> = setmetatable({}, { __close = function()\n"
    "      if not inner then return end\n"
    "      local ok, e = pcall(down, 185, function() coroutine.close(inner) end)\n"
    "      if ok then return end\n"
    "      refused = refused or e\n"
    "      if not named then named = select(2, pcall(down, 185, function() chain(t) end)) end\n"
    "    end })\n"
    "    coroutine.yield()\n"
    "  end)\n"
    "  coroutine.resume(co)\n"
    "end\n"
    "coroutine.close(co)\n"
    "for _, e in ipairs { refused, named } do\n"
    "  e = tostring(e)\n" /* a Lua without the defects refuses both sooner */
    "  assert(e:find 'too many nested closes' or e:find \"field 'x'\" or e:find 'overflow', e)\n"
    "end\n"
    "assert(refused and named)\n";

static void everything_that_nests_fits_into_6_mib_of_a_host(void **state) {
  (void)state;
  struct rlimit before, small;
  cast c;
  getrlimit(RLIMIT_STACK, &before);
  small = before;
  small.rlim_cur = 6 << 20;
  assert_int_equal(setrlimit(RLIMIT_STACK, &small), 0); /* counts from the next page on */
  cast_on(0, nests_all, NULL, &c);
  setrlimit(RLIMIT_STACK, &before);
  expect_class(&c, TROUPE_EXIT_NORMAL);
}

static void everything_that_nests_fits_into_a_worker(void **state) {
  (void)state;
  cast c;
  cast_on(2, nests_all, NULL, &c);
  expect_class(&c, TROUPE_EXIT_NORMAL);
  /* the chain of a whole file takes minutes: what each of its fields needs is measured instead */
  long few = trp_lua_measure_chain(2), many = trp_lua_measure_chain(TRP_CHAIN_MOST);
  assert_true(few > 0 && many >= few);
  double each = (double)(many - few) / (TRP_CHAIN_MOST - 2);
  double chain = each * (1 << 20) / 2, nest = 512 << 10;
  print_message("%.0f bytes for each field, %.1f MB for a file of them\n", each, chain / 1e6);
  assert_true(chain + TRP_COROUTINE_CLOSE_STACK + nest < (double)TRP_WORKER_STACK_BYTES);
}

/* Its message would take minutes of the processor, where it looks for the names of all. */
static void a_long_chain_ends_at_the_processor_limit(void **state) {
  (void)state;
  static const char before[] = "local t = setmetatable({}, {}) t.x = t return t", after[] = "+ 1";
  enum { FIELDS = 500000 };
  const troupe_script_limits limits = {.cpu_ms_per_message = 100};
  cast c;
  char *source = malloc(sizeof before + 2 * (size_t)FIELDS + sizeof after), *at = source;
  assert_non_null(source);
  at += snprintf(source, sizeof before, "%s", before);
  for (int i = 0; i < FIELDS; i++, at += 2)
    memcpy(at, ".x", 2);
  memcpy(at, after, sizeof after);
  cast_on(2, source, &limits, &c);
  free(source);
  bool looks_for_all =
      trp_lua_measure_chain(TRP_CHAIN_MOST) > trp_lua_measure_chain(2) + (16 << 10);
  expect_class(&c, looks_for_all ? TROUPE_EXIT_CPU_LIMIT : TROUPE_EXIT_INIT_FAILED);
}

/* On a host's stack a source may be no longer than a file. */
static void a_spawned_source_is_bounded_where_the_stack_is_the_hosts(void **state) {
  (void)state;
  play("local troupe = require 'troupe'\n"
       "local source = '--' .. ('.x'):rep(32767)\n"
       "assert(troupe.spawn { source = source })\n"
       "local ref, e = troupe.try_spawn { source = source .. ' ' }\n"
       "assert(not ref and e.message:find 'too large', e and e.message)");
}

static void the_parser_does_not_recurse_for_ever(void **state) {
  (void)state;
  ends_normally_everywhere(
      "local n = 2000\n"
      "local function refused(text)\n"
      "  local f, e = load(text)\n"
      "  assert(not f and (e:find 'overflow' or e:find 'too many' or e:find 'limit'), e)\n"
      "end\n"
      "for _, open in ipairs { '(', '{', '- ', 'not ', '~', '#', '{{a=', '1 ..', '1 ^', 'f(', "
      "'a[',\n"
      "    'a.b:c{', 'function() return ' } do refused('return ' .. open:rep(n)) end\n"
      "for _, open in ipairs { 'do ', 'while 1 do ', 'if 1 then ', 'repeat ', 'for i=1,1 do ',\n"
      "    'for k in a do ', 'function f() ', 'local function f() ', 'a, ', 'a.b, ' } do\n"
      "  refused(open:rep(n))\n"
      "end\n"
      "for _, ask in ipairs { ('('):rep(180) .. '1' .. (')'):rep(180) } do\n"
      "  assert(load('return ' .. ask)() == 1)\n" /* what is not too deep compiles */
      "end\n");
}

static void whatever_nests_closes_ends_in_an_error(void **state) {
  (void)state;
  ends_normally_everywhere(
      "local function object(f) return setmetatable({}, { __close = f }) end\n"
      /* an error inside wrap, which closes inside of the close that called it */
      "local f\n"
      "for i = 1, 20000 do\n"
      "  local inner = f\n"
      "  f = coroutine.wrap(function()\n"
      "    local x <close> = object(function() if inner then inner() end end)\n"
      "    error 'outer'\n"
      "  end)\n"
      "end\n"
      "assert(not pcall(f))\n"
      /* closing values of for loops, left by break, by return, by an error, by close */
      "for _, way in ipairs { 'break', 'return', 'error(1)', 'coroutine.yield()' } do\n"
      "  local leave = load('local object, inner, k = ... for k in next, { 1 }, nil, object(inner) "
      "'\n"
      "    .. 'do local function keep() return k end if k then ' .. way .. ' end end')\n"
      "  local co\n"
      "  for i = 1, 20000 do\n"
      "    local inner = co\n"
      "    co = coroutine.create(function()\n"
      "      leave(object, function() if inner then coroutine.resume(inner) coroutine.close(inner) "
      "end end)\n"
      "    end)\n"
      "  end\n"
      "  coroutine.resume(co)\n"
      "  coroutine.close(co)\n"
      "end\n"
      /* in one thread */
      "local function deep(n) local x <close> = object(function() deep(n + 1) end) end\n"
      "local ok, e = pcall(deep, 1)\n"
      "assert(not ok and tostring(e):find 'overflow', e)\n"
      /* closes from where Lua calls back */
      "local function nest()\n"
      "  local co = coroutine.create(function()\n"
      "    local x <close> = object(function() table.sort({ 1, 2 }, nest) end)\n"
      "    coroutine.yield()\n"
      "  end)\n"
      "  coroutine.resume(co)\n"
      "  return coroutine.close(co)\n"
      "end\n"
      "nest()\n");
}

/* ---- memory -------------------------------------------------------------------------------- */

/* The arena leaves the actor where another allocator would return NULL: nothing is collected for
 * want of memory, so that nothing is collected that is in use. */
static void lua_never_collects_for_want_of_memory(void **state) {
  (void)state;
  trp_frame frame = {0};
  trp_arena arena;
  trp_arena_init(&arena, NULL, 1 << 20, NULL, NULL);
  trp_arena_set_frame(&arena, &frame);
  lua_State *volatile L = NULL;
  if (sigsetjmp(frame.jump, 0) == 0) {
    frame.in_actor = 1;
    L = trp_lua_newstate(trp_arena_alloc, &arena);
    lua_gc(L, LUA_GCSTOP);
    lua_newtable(L); /* a weak one, with garbage */
    lua_newtable(L);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_newtable(L);
    lua_seti(L, -2, 1);
    for (int i = 0;; i++) { /* ends by the jump */
      lua_newtable(L);
      lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_LAST + 1 + i);
    }
  }
  assert_int_equal(frame.why, TROUPE_EXIT_MEMORY_LIMIT);
  assert_int_equal(lua_geti(L, 1, 1), LUA_TTABLE); /* only reads */
  trp_arena_drop(&arena);
}

static void weak_metatables_at_the_limit_end_the_actor_only(void **state) {
  (void)state;
  static const char source[] =
      "local keep = {}\n"
      "for i = 1, math.huge do\n"
      "  local mt = setmetatable({}, { __mode = ({ 'v', 'kv', 'k' })[i % 3 + 1] })\n"
      "  local t = setmetatable({}, mt)\n"
      "  mt.__newindex = setmetatable({}, { __mode = 'kv' })\n"
      "  for j = 1, 40 do t[j] = {} end\n"
      "  keep[i] = t\n"
      "end\n";
  for (int workers = 0; workers <= 2; workers += 2) {
    const troupe_script_limits limits = {.memory_bytes = 2 << 20};
    cast c;
    cast_on(workers, source, &limits, &c);
    expect_class(&c, TROUPE_EXIT_MEMORY_LIMIT);
  }
}

/* A length that would overflow needs operands that no limit admits. */
static void strings_grow_up_to_the_limit_only(void **state) {
  (void)state;
  static const char source[] =
      "local s = ('x'):rep(1 << 16)\n"
      "while true do s = s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s end\n";
  const troupe_script_limits limits = {.memory_bytes = 8 << 20};
  cast c;
  cast_on(2, source, &limits, &c);
  expect_class(&c, TROUPE_EXIT_MEMORY_LIMIT);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void compiled_code_is_refused_wherever_code_comes_in(void **state) {
  (void)state;
  stage s;
  char msg[256];
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = "\x1bLuaT";
  script.msg = msg;
  script.msg_len = sizeof msg;
  stage_start(&s, 0);
  troupe_pid pid;
  assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), TROUPE_E_SCRIPT);
  assert_non_null(strstr(msg, "binary"));
  assert_int_equal(troupe_check_script(s.w.sys, &script), TROUPE_E_SCRIPT);
  stage_stop(&s);
  play("local troupe = require 'troupe'\n"
       "assert(not string.dump)\n"
       "for _, mode in ipairs { 'b', 't', 'bt' } do\n"
       "  assert(not load('\\27LuaT', 'x', mode))\n"
       "  assert(not load(function() return '\\27' end, 'x', mode))\n"
       "end\n"
       "local ref, e = troupe.try_spawn { source = '\\27LuaT', monitor = true }\n"
       "assert(not ref and e.message:find 'binary', e and e.message)");
}

/* The handler's place on the stack is somebody else's when the thread is closed. */
static void handlers_of_calls_that_are_gone_do_no_harm(void **state) {
  (void)state;
  ends_normally_everywhere("for i = 1, 2000 do\n"
                           "  local co = coroutine.create(function(...)\n"
                           "    xpcall(function(...)\n"
                           "      local x <close> = setmetatable({}, { __close = function()\n"
                           "        local garbage = {}\n"
                           "        for j = 1, 20 do garbage[j] = { j } end\n"
                           "        error({ code = 'x' })\n"
                           "      end })\n"
                           "      coroutine.yield()\n"
                           "    end, function(e) return { e } end)\n"
                           "  end)\n"
                           "  coroutine.resume(co, i)\n"
                           "  local ok = coroutine.close(co)\n"
                           "  assert(not ok)\n"
                           "end\n");
}

/* Tracebacks are made where there is next to no Lua stack left. */
static void tracebacks_at_the_end_of_a_stack_do_no_harm(void **state) {
  (void)state;
  ends_normally_everywhere("local function deep(...) return 1 + deep(...) end\n"
                           "local ok, e = xpcall(deep, debug.traceback)\n"
                           "assert(not ok and e:find 'stack overflow', e)\n"
                           "local function full(...) return debug.traceback('x', ...) end\n"
                           "for _, n in ipairs { 1, 200, 250, 100000 } do\n"
                           "  assert(full(1, table.unpack({}, 1, n)):find 'x')\n"
                           "end\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_self_test_finds_what_the_release_has),
      cmocka_unit_test(the_self_test_writes_no_more_than_there_is_room_for),
      cmocka_unit_test(everything_that_nests_fits_into_6_mib_of_a_host),
      cmocka_unit_test(everything_that_nests_fits_into_a_worker),
      cmocka_unit_test(a_long_chain_ends_at_the_processor_limit),
      cmocka_unit_test(a_spawned_source_is_bounded_where_the_stack_is_the_hosts),
      cmocka_unit_test(the_parser_does_not_recurse_for_ever),
      cmocka_unit_test(whatever_nests_closes_ends_in_an_error),
      cmocka_unit_test(lua_never_collects_for_want_of_memory),
      cmocka_unit_test(weak_metatables_at_the_limit_end_the_actor_only),
      cmocka_unit_test(strings_grow_up_to_the_limit_only),
      cmocka_unit_test(compiled_code_is_refused_wherever_code_comes_in),
      cmocka_unit_test(handlers_of_calls_that_are_gone_do_no_harm),
      cmocka_unit_test(tracebacks_at_the_end_of_a_stack_do_no_harm),
  };
  return run_tests(tests);
}
