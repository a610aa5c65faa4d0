/* The library `coroutine` of actors must behave as the stock one: each case runs in both, and its
 * text is compared. */
#include "tests/scripting/stage.h"

#include <lauxlib.h>
#include <lualib.h>

static const char *const cases[] = {
    /* resume and yield */
    "local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) return c * 2 end) "
    "return show(coroutine.resume(co, 1, 2)) .. show(coroutine.resume(co, 10)) .. "
    "show(coroutine.resume(co))",
    "local co = coroutine.create(function(...) return select('#', ...), ... end) "
    "return show(coroutine.resume(co, nil, nil, 3, nil))",
    "local co = coroutine.create(function() error('boom') end) return show(coroutine.resume(co)) "
    ".. "
    "show(coroutine.resume(co)) .. coroutine.status(co)",
    "local co = coroutine.create(function() error({code = 7}) end) local ok, e = "
    "coroutine.resume(co) "
    "return show(ok, e.code)",
    "local co co = coroutine.create(function() return coroutine.resume(co) end) "
    "return show(coroutine.resume(co))",
    "return show(pcall(coroutine.resume, 1)) .. show(pcall(coroutine.resume))",
    "return show(pcall(coroutine.create, 1)) .. show(pcall(coroutine.wrap, nil))",
    "local co = coroutine.create(print) return type(co) .. coroutine.status(co)",
    /* wrap */
    "local f = coroutine.wrap(function(a) while true do a = coroutine.yield(a + 1) end end) "
    "return show(f(1), f(5), f(9))",
    "local f = coroutine.wrap(function() return 'end' end) return show(f()) .. show(pcall(f))",
    "local f = coroutine.wrap(function() error('inside') end) return show(pcall(f)) .. "
    "show(pcall(f))",
    "local f = coroutine.wrap(function() error({n = 4}) end) local ok, e = pcall(f) return "
    "show(ok, "
    "type(e), e.n)",
    "local f f = coroutine.wrap(function() return pcall(f) end) return show(f())",
    "local t = {} for v in coroutine.wrap(function() for i = 1, 4 do coroutine.yield(i) end end) "
    "do "
    "t[#t + 1] = v end return table.concat(t, ',')",
    /* nesting */
    "local inner = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) "
    "local outer = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(inner() * 10) end "
    "end) "
    "return show(outer(), outer(), outer())",
    "local co co = coroutine.create(function() local inner = coroutine.create(function() return "
    "coroutine.status(co) end) return select(2, coroutine.resume(inner)) end) "
    "return show(coroutine.resume(co))",
    "local co co = coroutine.create(function() return coroutine.status(co), coroutine.running() == "
    "co, "
    "select(2, coroutine.running()) end) return show(coroutine.resume(co))",
    "local outer outer = coroutine.create(function() local inner = coroutine.create(function() "
    "return "
    "coroutine.resume(outer) end) return coroutine.resume(inner) end) return "
    "show(coroutine.resume(outer))",
    "local outer outer = coroutine.create(function() local inner = coroutine.create(function() "
    "return "
    "pcall(coroutine.close, outer) end) return coroutine.resume(inner) end) return "
    "show(coroutine.resume(outer))",
    /* yields across pcall, metamethods, iterators */
    "local co = coroutine.wrap(function() local ok, e = pcall(function() local x = "
    "coroutine.yield(1) "
    "error('e' .. x, 0) end) coroutine.yield(e) return 'done' end) return show(co(), co(5), co())",
    "local co = coroutine.wrap(function() return xpcall(function() coroutine.yield(1) error('x', "
    "0) end, "
    "function(m) return m .. '!' end) end) return show(co()) .. show(co())",
    "local mt = {__add = function(a, b) return coroutine.yield('add') end, __index = function(t, "
    "k) "
    "return coroutine.yield(k) end, __lt = function() return coroutine.yield('lt') end} "
    "local a = setmetatable({}, mt) local co = coroutine.wrap(function() return a + 1, a.key, a < "
    "a end) "
    "return show(co(), co(11), co(22), co(true)) .. show(pcall(co))",
    "local co = coroutine.wrap(function() local s = 0 for i in (function() return "
    "coroutine.yield('it') "
    "end) do s = s + i end return s end) return show(co(), co(1), co(2), co(nil))",
    "local co = coroutine.create(function() table.sort({3, 1, 2}, function(a, b) coroutine.yield() "
    "return a < b end) end) return show(coroutine.resume(co))",
    "local co = coroutine.create(function() return (('x'):gsub('x', function() coroutine.yield() "
    "end)) "
    "end) return show(coroutine.resume(co))",
    /* close */
    "local co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co) return "
    "show(coroutine.close(co)) .. coroutine.status(co) .. show(coroutine.close(co))",
    "local log = {} local co = coroutine.create(function() local x <close> = setmetatable({}, "
    "{__close = "
    "function(_, e) log[#log + 1] = tostring(e) end}) coroutine.yield() end) coroutine.resume(co) "
    "return show(coroutine.close(co)) .. table.concat(log)",
    "local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = "
    "function() "
    "error('in close', 0) end}) coroutine.yield() end) coroutine.resume(co) return "
    "show(coroutine.close(co)) .. coroutine.status(co)",
    "local co = coroutine.create(function() error('x', 0) end) coroutine.resume(co) return "
    "show(coroutine.close(co)) .. show(coroutine.close(co))",
    "return show(pcall(coroutine.close, coroutine.running()))",
    "local co co = coroutine.create(function() coroutine.close(co) end) return "
    "show(coroutine.resume(co))",
    "local log = {} local f = coroutine.wrap(function() local x <close> = setmetatable({}, "
    "{__close = "
    "function(_, e) log[#log + 1] = tostring(e) end}) error('w', 0) end) return show(pcall(f)) .. "
    "table.concat(log)",
    "local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = "
    "function() "
    "local c = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) c() c() end}) "
    "coroutine.yield() end) coroutine.resume(co) return show(coroutine.close(co))",
    /* status, running, isyieldable */
    "local co = coroutine.create(function() coroutine.yield() end) local s = coroutine.status(co) "
    "coroutine.resume(co) s = s .. coroutine.status(co) coroutine.resume(co) return s .. "
    "coroutine.status(co)",
    "return show(select(2, coroutine.running())) .. type(coroutine.running()) .. "
    "coroutine.status(coroutine.running())",
    "local co = coroutine.wrap(function() return coroutine.isyieldable() end) return show(co())",
    "return show(coroutine.wrap(function() return coroutine.isyieldable(coroutine.running()) "
    "end)())",
    "return show(pcall(coroutine.status, 3)) .. show(pcall(coroutine.status))",
    /* many values, deep recursion */
    "local co = coroutine.wrap(function(...) return ... end) return tostring(select('#', "
    "co(table.unpack({}, 1, 200))))",
    "local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end local co = "
    "coroutine.create(deep) return show(coroutine.resume(co, 5000))",
    "local function depth(n) if n == 0 then return 'bottom' end return select(2, "
    "coroutine.resume(coroutine.create(depth), n - 1)) end return depth(60)",
    /* a wrapped generator as a state machine, with errors passing through several levels */
    "local function gen(n) return coroutine.wrap(function() for i = 1, n do local ok, v = "
    "pcall(coroutine.yield, i) if not ok then return v end end error('gone', 0) end) end local g = "
    "gen(2) return show(g(), g()) .. show(pcall(g)) .. show(pcall(g))",
    "local a = coroutine.wrap(function() local b = coroutine.wrap(function() local c = "
    "coroutine.wrap(function() error('deep', 0) end) c() end) b() end) return show(pcall(a))",
    "local co = coroutine.create(function() local a <close> = setmetatable({}, {__close = "
    "function() "
    "coroutine.yield('c1') end}) return 'r' end) return show(coroutine.resume(co)) .. "
    "show(coroutine.resume(co))",
};

static const char prelude[] =
    "local function show(...) local t = table.pack(...) for i = 1, t.n do t[i] = "
    "tostring(t[i]):gsub('0x%x+', 'ADDR'):gsub('thread: .*', 'thread') end "
    "return '[' .. table.concat(t, ',') .. ']' end local function case() ";

static char *stock_result(const char *body) {
  char source[4096];
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  snprintf(source, sizeof source, "%s%s\nend return case()", prelude, body);
  if (luaL_loadbufferx(L, source, strlen(source), "=test", "t") != LUA_OK ||
      lua_pcall(L, 0, 1, 0) != LUA_OK) {
    print_error("stock: %s\n", lua_tostring(L, -1));
  }
  char *text = strdup(lua_tostring(L, -1));
  lua_close(L);
  return text;
}

static void every_case_is_as_in_stock_lua(void **state) {
  (void)state;
  stage s;
  stage_start(&s, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char source[4096];
    cast c;
    char *want = stock_result(cases[i]);
    snprintf(source, sizeof source, "%s%s\nend error({code = 'result', message = case()})", prelude,
             cases[i]);
    cast_run(&s, &c, source);
    if (strncmp(c.reason, "result: ", 8) != 0 || strcmp(c.reason + 8, want) != 0)
      print_error("case %zu: %s\nstock: %s\nours:  %s\n", i, cases[i], want, c.reason);
    assert_int_equal(strncmp(c.reason, "result: ", 8), 0);
    assert_string_equal(c.reason + 8, want);
    free(want);
  }
  stage_stop(&s);
}

/* The same cases while each resume in the chain has to survive that the task waits. */
static void waiting_inside_coroutines_is_invisible(void **state) {
  (void)state;
  stage s;
  stage_start(&s, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char source[8192];
    cast c;
    char *want = stock_result(cases[i]);
    snprintf(
        source, sizeof source,
        "local sleep = require('troupe').sleep "
        "local yield, resume = coroutine.yield, coroutine.resume "
        "local wait = function(...) if coroutine.isyieldable() then pcall(sleep, 1) end return "
        "... end "
        "local coroutine = setmetatable({}, {__index = coroutine}) "
        "coroutine.resume = function(...) wait() return wait(resume(...)) end "
        "coroutine.yield = function(...) wait() return wait(yield(...)) end "
        "%s%s\nend error({code = 'result', message = case()})",
        prelude, cases[i]);
    cast_run(&s, &c, source);
    /* functions of Lua around them change what errors say about themselves, not what happens */
    bool about_names =
        strstr(want, "bad argument") || strstr(want, "yield across") || strstr(want, "in function");
    if (!about_names) {
      if (strncmp(c.reason, "result: ", 8) != 0 || strcmp(c.reason + 8, want) != 0)
        print_error("case %zu: %s\nstock: %s\nours:  %s\n", i, cases[i], want, c.reason);
      assert_int_equal(strncmp(c.reason, "result: ", 8), 0);
      assert_string_equal(c.reason + 8, want);
    }
    free(want);
  }
  stage_stop(&s);
}

static void a_bare_yield_gives_way_and_returns(void **state) {
  (void)state;
  play(
      "local troupe = require 'troupe'\n"
      "local order = {}\n"
      "troupe.after(0, function() order[#order + 1] = 'timer' end)\n"
      "for i = 1, 3 do assert(select('#', coroutine.yield('anything', i)) == 0) end\n"
      "order[#order + 1] = 'main'\n"
      "assert(order[1] == 'timer' and order[2] == 'main')\n"
      "local ok, e = pcall(table.sort, {2, 1}, function(a, b) coroutine.yield() return a < b end)\n"
      "assert(not ok and e:find 'yield across a C%-call boundary', e)");
}

/* The thread sanitizer used to abort after 65,000 of either. */
static void many_yields_and_errors_are_nothing_special(void **state) {
  (void)state;
  play("local co = coroutine.wrap(function() while true do coroutine.yield(1) end end)\n"
       "local n = 0 for i = 1, 100000 do n = n + co() end assert(n == 100000)\n"
       "for i = 1, 100000 do assert(not pcall(coroutine.close)) end");
}

static void other_tasks_cannot_touch_a_suspended_chain(void **state) {
  (void)state;
  play("local troupe = require 'troupe'\n"
       "local main = coroutine.running()\n"
       "local inner, outer, seen\n"
       "inner = coroutine.create(function() troupe.sleep(50) return 'slept' end)\n"
       "outer = coroutine.create(function() return select(2, coroutine.resume(inner)) end)\n"
       "troupe.after(10, function()\n"
       "  seen = coroutine.status(inner) .. ' ' .. coroutine.status(outer) .. ' ' .. "
       "coroutine.status(main)\n"
       "  for _, co in ipairs { inner, outer, main } do\n"
       "    local ok, e = coroutine.resume(co)\n"
       "    assert(not ok and e == 'cannot resume non-suspended coroutine', e)\n"
       "    ok, e = pcall(coroutine.close, co)\n"
       "    assert(not ok and e:find 'cannot close a normal coroutine', e)\n"
       "  end\n"
       "end)\n"
       "local ok, v = coroutine.resume(outer)\n"
       "assert(ok and v == 'slept', v)\n"
       "assert(seen == 'normal normal normal', seen)\n"
       "assert(coroutine.status(inner) == 'dead' and coroutine.status(outer) == 'dead')");
}

static void deep_chains_of_closes_end_in_an_error(void **state) {
  (void)state;
  static const char source[] =
      "local co\n"
      "for i = 1, 20000 do\n"
      "  local previous = co\n"
      "  co = coroutine.create(function()\n"
      "    local x <close> = setmetatable({}, {__close = function()\n"
      "      if previous then local ok, e = coroutine.close(previous) seen = seen or e end end})\n"
      "    coroutine.yield()\n"
      "  end)\n"
      "  coroutine.resume(co)\n"
      "end\n"
      "coroutine.close(co)\n"
      "seen = tostring(seen)\n"
      "assert(seen:find 'too many nested closes' or seen:find 'overflow', seen)\n"
      /* the same through wrap, which closes what has failed */
      "local f\n"
      "for i = 1, 20000 do\n"
      "  local previous = f\n"
      "  f = coroutine.wrap(function()\n"
      "    local x <close> = setmetatable({}, {__close = function() if previous then previous() "
      "end "
      "end})\n"
      "    error 'x'\n"
      "  end)\n"
      "end\n"
      "assert(not pcall(f))\n"
      "local function nest(n) return coroutine.wrap(function() return nest(n + 1) end)() end\n"
      "local ok, e = pcall(nest, 1)\n"
      "assert(not ok and (e:find 'overflow' or e:find 'too many nested'), e)\n";
  for (int workers = 0; workers <= 2; workers += 2) {
    stage s;
    cast c;
    stage_start(&s, workers);
    cast_run(&s, &c, source);
    expect_class(&c, TROUPE_EXIT_NORMAL);
    stage_stop(&s);
  }
}

/* Whatever thread the actor ran on before. */
static void what_is_closed_at_the_end_may_close_others(void **state) {
  (void)state;
  static const char source[] =
      "local troupe = require 'troupe'\n"
      "local child = [[\n"
      "  local to = ...\n"
      "  local co = coroutine.create(function() coroutine.yield() end)\n"
      "  coroutine.resume(co)\n"
      "  local x <close> = setmetatable({}, { __close = function()\n"
      "    to:tell('closed', pcall(coroutine.close, co)) end })\n"
      "  to:tell 'ready'\n"
      "  troupe.sleep(1e6) ]]\n"
      "for _ = 1, 20 do\n"
      "  local ref = troupe.spawn { source = 'local troupe = require \"troupe\"' .. child,\n"
      "    args = troupe.self() }\n"
      "  troupe.receive { kinds = { 'ready' } }\n"
      "  for i = 1, 10 do ref:tell('busy', i) end\n"
      "  ref:stop()\n"
      "  local m = troupe.receive { kinds = { 'closed' } }\n"
      "  assert(m[1] and m[2], m[2])\n"
      "end\n";
  for (int workers = 0; workers <= 2; workers += 2) {
    stage s;
    cast c;
    stage_start(&s, workers);
    cast_run(&s, &c, source);
    expect_class(&c, TROUPE_EXIT_NORMAL);
    stage_stop(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_case_is_as_in_stock_lua),
      cmocka_unit_test(waiting_inside_coroutines_is_invisible),
      cmocka_unit_test(a_bare_yield_gives_way_and_returns),
      cmocka_unit_test(many_yields_and_errors_are_nothing_special),
      cmocka_unit_test(other_tasks_cannot_touch_a_suspended_chain),
      cmocka_unit_test(deep_chains_of_closes_end_in_an_error),
      cmocka_unit_test(what_is_closed_at_the_end_may_close_others),
  };
  return run_tests(tests);
}
