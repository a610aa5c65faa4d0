/* Trusted scripts: full libraries, finalizers at an end in order, and no way to pass trust on. */
#include "tests/scripting/stage.h"

#include <stdlib.h>

static void run_on(int workers, cast *c, const char *source, uint64_t cpu_ms) {
  stage s;
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.source = source;
  script.chunk_name = "test";
  script.trusted = true;
  script.limits.cpu_ms_per_message = cpu_ms;
  troupe_grants *g = cast_grants();
  script.grants = g;
  memset(c, 0, sizeof *c);
  stage_start(&s, workers);
  cast_start(&s, c, &script);
  troupe_grants_unref(g);
  cast_end(c);
  stage_stop(&s);
}

static void play_trusted(const char *source) {
  cast c;
  run_on(0, &c, source, 0);
  expect_class(&c, TROUPE_EXIT_NORMAL);
}

static void a_trusted_script_has_the_full_libraries(void **state) {
  (void)state;
  play_trusted("assert(io.open('/proc/self/stat')):close()\n"
               "assert(type(os.getenv('PATH')) == 'string')\n"
               "assert(debug.getinfo(1, 'S').what == 'main')\n"
               "assert(load(string.dump(function() return 7 end))() == 7)\n"
               "assert(dofile and loadfile and package.path)\n"
               "assert(collectgarbage('collect') == 0 and collectgarbage('count') > 1)\n"
               "local f <close> = assert(io.popen('echo hello'))\n"
               "assert(f:read('a') == 'hello\\n')");
}

static void what_is_the_process_s_stays_so(void **state) {
  (void)state;
  play_trusted("for _, f in ipairs { os.exit, os.setlocale, debug.sethook } do\n"
               "  local ok, why = pcall(f)\n"
               "  assert(not ok and why:find \"is the runtime's\", why)\n"
               "end\n"
               "local co = coroutine.wrap(function() require 'troupe'.sleep(1) return 1 end)\n"
               "assert(co() == 1)"); /* its own coroutines, through which a task waits */
}

static void modules_come_from_the_runtime_then_from_lua_s_paths(void **state) {
  (void)state;
  play_trusted("local name = os.tmpname()\n"
               "local f = io.open(name .. '.lua', 'w') f:write 'return { here = true }' f:close()\n"
               "package.path = '/tmp/?.lua'\n"
               "local m = require(name:match '/tmp/(.*)')\n"
               "os.remove(name) os.remove(name .. '.lua')\n"
               "assert(m.here and require 'troupe'.spawn)\n"
               "local ok, why = pcall(require, 'no.such')\n"
               "assert(not ok and why:find 'no module of the runtime', why)");
}

static void trust_is_not_inherited(void **state) {
  (void)state;
  play_trusted(
      "local troupe = require 'troupe'\n"
      "local child = troupe.spawn { source = [[\n"
      "  local troupe = require 'troupe'\n"
      "  local msg = troupe.receive()\n"
      "  msg:reply(io == nil and os.getenv == nil and debug.getinfo == nil and not package)]] }\n"
      "assert(child:ask 'what' == true)\n"
      "local ok, why = pcall(troupe.spawn, { source = '', trusted = true })\n"
      "assert(not ok and tostring(why):find 'trusted', why)");
}

/* Ends in one of three orderly ways; the finalizer leaves a mark in the environment. */
static void finalizers_run_at_an_end_in_order(void **state) {
  (void)state;
  static const char *const ends[] = {"", "require 'troupe'.exit 'shutdown'", "error 'oops'"};
  static const troupe_exit_class classes[] = {TROUPE_EXIT_NORMAL, TROUPE_EXIT_SHUTDOWN,
                                              TROUPE_EXIT_INIT_FAILED};
  for (int i = 0; i < 3; i++) {
    char source[512], path[] = "/tmp/troupe-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(source, sizeof source,
             "X = setmetatable({}, { __gc = function()\n"
             "  local troupe = require 'troupe'\n"
             "  local waits = pcall(troupe.sleep, 1)\n"
             "  local f = io.open('%s', 'w') f:write(tostring(waits)) f:close() end })\n%s",
             path, ends[i]);
    cast c;
    run_on(0, &c, source, 0);
    expect_class(&c, classes[i]);
    char text[16] = "";
    assert_int_equal(read(fd, text, sizeof text), 5);
    assert_string_equal(text, "false");
    close(fd);
    unlink(path);
  }
}

/* More tasks wait than are kept in reserve: each new one may begin a step of the collector. */
static void finalizers_between_two_tasks_run_in_none(void **state) {
  (void)state;
  play_trusted("local troupe = require 'troupe'\n"
               "local count, ran, main = 0, 0, coroutine.running()\n"
               "local function gone()\n"
               "  local co, is_task = coroutine.running()\n"
               "  if co ~= main then count = count + 1 end\n"
               "  assert(not pcall(coroutine.yield) and not pcall(troupe.sleep, 1))\n"
               "  assert(coroutine.wrap(function() return 7 end)() == 7)\n"
               "  assert(troupe.self():tell 'gone' == true)\n"
               "end\n"
               "local function f()\n"
               "  ran = ran + 1\n"
               "  setmetatable({}, { __gc = gone })\n"
               "  troupe.sleep(1)\n"
               "end\n"
               "for _ = 1, 20 do\n"
               "  for _ = 1, 400 do troupe.after(0, f) end\n"
               "  troupe.sleep(5)\n"
               "  while troupe.receive { timeout_ms = 0 } do end\n"
               "end\n"
               "assert(ran == 8000 and count > 0, ran)");
}

static void generational_collection_ends_at_the_soft_limit_too(void **state) {
  (void)state;
  cast c;
  run_on(1, &c,
         "collectgarbage 'generational'\n"
         "local keep = {}\n"
         "while collectgarbage 'count' < 40 << 10 do keep[#keep + 1] = { #keep } end\n"
         "for i = 1, 300000 do local t = { i, i } end\n"
         "assert(require 'troupe'.info().collections > 0)\n"
         "assert(collectgarbage 'incremental' == 'generational')",
         0);
  expect_class(&c, TROUPE_EXIT_NORMAL);
}

static void a_finalizer_that_never_ends_is_left(void **state) {
  (void)state;
  cast c;
  run_on(1, &c, "X = setmetatable({}, { __gc = function() while true do end end })", 50);
  expect_class(&c, TROUPE_EXIT_CPU_LIMIT); /* a clean end that is cut short is clean no more */
}

static void a_c_library_is_not_left_half_way(void **state) {
  (void)state;
  cast c;
  run_on(1, &c,
         "while true do os.execute 'true' local f = io.tmpfile() f:write(('x'):rep(5000)) "
         "f:close() end",
         30);
  expect_class(&c, TROUPE_EXIT_CPU_LIMIT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_trusted_script_has_the_full_libraries),
      cmocka_unit_test(what_is_the_process_s_stays_so),
      cmocka_unit_test(modules_come_from_the_runtime_then_from_lua_s_paths),
      cmocka_unit_test(trust_is_not_inherited),
      cmocka_unit_test(finalizers_run_at_an_end_in_order),
      cmocka_unit_test(finalizers_between_two_tasks_run_in_none),
      cmocka_unit_test(generational_collection_ends_at_the_soft_limit_too),
      cmocka_unit_test(a_finalizer_that_never_ends_is_left),
      cmocka_unit_test(a_c_library_is_not_left_half_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
