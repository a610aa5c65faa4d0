/* Escapes that must not work, and replacements that must behave. */
#include "tests/scripting/stage.h"

/* Each is an expression that must raise or be nil or false. */
static const char *const escapes[] = {
    "io",
    "package",
    "dofile",
    "loadfile",
    "loadstring",
    "setfenv",
    "getfenv",
    "newproxy",
    "warn",
    "module",
    "unpack",
    "bit32",
    "jit",
    "arg",
    "os.execute",
    "os.exit",
    "os.getenv",
    "os.remove",
    "os.rename",
    "os.setlocale",
    "os.tmpname",
    "string.dump",
    "('x').dump",
    "debug.getinfo",
    "debug.getregistry",
    "debug.sethook",
    "debug.getupvalue",
    "debug.setupvalue",
    "debug.getlocal",
    "debug.setmetatable",
    "debug.upvaluejoin",
    "debug.getuservalue",
    "debug.debug",
    "getmetatable('').__index",
    "getmetatable('').__gc",
    "setmetatable('', {})",
    "setmetatable({}, {__gc = function() end})",
    "setmetatable({}, {__gc = true})",
    "setmetatable({}, {__gc = 1})",
    "collectgarbage()",
    "collectgarbage('collect')",
    "collectgarbage('stop')",
    "collectgarbage('step')",
    "collectgarbage('setpause', 1)",
    "collectgarbage('generational')",
    "load('\\27Lua')",
    "load('return 1', 'x', 'b')",
    "load(string.rep(' ', 70000))",
    "load(function() return string.rep(' ', 1000) end)",
    "require 'io'",
    "require 'os'",
    "require '../secret'",
    "require '..secret'",
    "require '/etc/passwd'",
    "require 'a..b'",
    "require ''",
    "require 'no.such.module'",
    "require('a\\0b')",
    "require '.'",
    "string.format('%p', {})",
    "string.format('%p', print)",
    "getmetatable(T.self()).__index",
    "setmetatable(T.self(), {})",
    "setmetatable(T.signals, {})",
    "getmetatable(T.signals.down).__name",
    "rawset(T.signals.down, 1, 1)",
    "rawset(T.self(), 'x', 1)",
    "rawget(T.self(), 'pid')",
    "T.self().pid",
    "T.self().id",
    "setmetatable(T, {})",
    "getmetatable(T).__index",
    "(function() T.exit = nil end)() or T.exit == nil",
    "pcall(function() T.log.info = nil end)",
    "pcall(function() T.signals.down = 'down' end)",
    "T.whereis(nil)",
    "T.whereis({})",
    "getmetatable(coroutine.running())",
    "getmetatable(print)",
    "getmetatable(1)",
    "tostring({}):find '0x'",
    "tostring(print):find '0x'",
    "tostring(coroutine.running()):find '0x'",
    "string.format('%s', {}):find '0x'",
    "string.format('%10s', print):find '0x'",
    "select(2, pcall(error, setmetatable({}, {__tostring = 1}))).x",
    "(function() local ok, e = pcall(T.self().tell, {}, 'x') return ok end)()",
    "not not pcall(T.self().tell, setmetatable({}, {__name = 'troupe.ref'}), 'x')",
    "(function() local ok = pcall(T.self().ask, io, 'x') return ok end)()",
    "rawequal(_G, nil)",
    "_G.io",
    "_ENV.io",
    "_G.package",
    "load('return io')()",
    "load('return _ENV.package')()",
    "(function() local _ENV = {} return io end)()",
    "debug.traceback():find '/'",
    "debug.traceback('x', 1):find '0x'",
    "T.receive { kinds = {} }",
    "T.receive { kinds = { {} } }",
    "T.receive { kinds = 'x' }",
    "next(getmetatable('') or {})",
};

static void no_escape_works(void **state) {
  (void)state;
  stage s;
  stage_start(&s, 0);
  assert_true(sizeof escapes / sizeof *escapes >= 40);
  for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
    char source[1024];
    cast c;
    snprintf(source, sizeof source,
             "T = require 'troupe'\n"
             "local ok, v = pcall(function() return %s end)\n"
             "if ok and v then error('escaped: ' .. tostring(v), 0) end",
             escapes[i]);
    cast_run(&s, &c, source);
    if (c.class_ != TROUPE_EXIT_NORMAL) print_error("%s\n", escapes[i]);
    expect_class(&c, TROUPE_EXIT_NORMAL);
  }
  stage_stop(&s);
}

static void the_environment_is_an_allow_list(void **state) {
  (void)state;
  play("local allowed = {}\n"
       "for n in ([[_G _VERSION assert collectgarbage coroutine debug error getmetatable ipairs "
       "load "
       "math next os pairs pcall print rawequal rawget rawlen rawset require select setmetatable "
       "string "
       "table tonumber tostring type utf8 xpcall]]):gmatch '%S+' do allowed[n] = true end\n"
       "for k in pairs(_G) do assert(allowed[k], k) allowed[k] = nil end\n"
       "assert(next(allowed) == nil, next(allowed))\n"
       "local names = {} for k in pairs(debug) do names[#names + 1] = k end\n"
       "assert(#names == 1 and names[1] == 'traceback')\n"
       "names = {} for k in pairs(os) do names[#names + 1] = k end\n"
       "table.sort(names) assert(table.concat(names, ' ') == 'clock date difftime time')\n"
       "assert(('x'):rep(3) == 'xxx' and ('%d'):format(3) == '3')\n"
       "local s = string string = nil assert(('a'):upper() == 'A') string = s\n");
}

static void load_keeps_the_callers_environment(void **state) {
  (void)state;
  play(
      "x = 'global'\n"
      "assert(load 'return x' () == 'global')\n"
      "local function inside(_ENV) return load 'return x' end\n"
      "assert(inside({ load = load, x = 'mine' })() == 'mine')\n"
      "local _ENV = setmetatable({ x = 'local' }, { __index = _ENV })\n"
      "assert(load 'return x' () == 'local')\n"
      "assert(load('return x', 'n', 't', { x = 'given' })() == 'given')\n"
      "assert(load('return x', nil, nil, setmetatable({}, {__index = function(_, k) return k "
      "end}))() "
      "== 'x')\n"
      "local f, e = load('return return') assert(f == nil and e:find '^%(load%):1:', e)\n"
      "f, e = load('error \"x\"', '=other.lua') local ok, m = pcall(f) assert(m:find '^%(load%)', "
      "m)\n"
      "local parts = { 'return ', '4', '2' } local i = 0\n"
      "assert(load(function() i = i + 1 return parts[i] end)() == 42)\n"
      "local many = 0\n"
      "f = load(function() many = many + 1 if many < 5000 then return ' ' elseif many == 5000 then "
      "return 'return 7' end end) assert(f() == 7)\n"
      "assert(not pcall(load, 4)) assert(not pcall(load)) assert(not pcall(load, function() return "
      "{} "
      "end))\n"
      "local made = { load = load, pcall = pcall, xpcall = xpcall, coroutine = coroutine }\n"
      "local function run(source) return assert(load(source, 'x', 't', made))() end\n"
      "assert(run 'x = 1 return load(\"return x\")' () == 1)\n"
      "made.select = select\n"
      "assert(run 'return select(2, pcall(load, \"return x\"))' () == 1)\n"
      "assert(run 'return select(2, pcall(pcall, xpcall, load, load, \"return x\"))')\n"
      "for _, source in ipairs { 'return coroutine.wrap(load)(\"return x\")',\n"
      "    'local load = load return (function() return (load(\"return x\")) end)()' } do\n"
      "  local good, why = pcall(run, source)\n"
      "  assert(not good and why:find 'the caller has no _ENV', why)\n"
      "end\n"
      "f, e = load('\\27LuaS', 'x', 'bt') assert(f == nil and e:find 'binary', e)\n");
}

/* Stock Lua 5.4.4 frees the metatable of some of these while they have it. */
static void weak_tables_keep_the_metatables_they_get(void **state) {
  (void)state;
  play("local modes, all = { 'k', 'v', 'kv', '' }, {}\n"
       "for i = 1, 300000 do\n"
       "  local t = all[i % 200] or setmetatable({}, {})\n"
       "  all[i % 200] = t\n"
       "  getmetatable(t).__mode = modes[i % 5 + 1]\n"
       "  t[{}] = {}\n"
       "  if i % 14 == 0 then setmetatable(t, nil) end\n"
       "  if i % 7 == 0 then setmetatable(t, { __mode = modes[i % 3 + 1] }) end\n"
       "end\n");
}

static void the_replacements_behave(void **state) {
  (void)state;
  play(
      "local t = setmetatable({}, { __index = { a = 1 }, __metatable = 'no' })\n"
      "assert(t.a == 1 and getmetatable(t) == 'no' and not pcall(setmetatable, t, {}))\n"
      "local mt = {} local u = setmetatable({}, mt) mt.__gc = function() error 'ran' end u = nil\n"
      "for i = 1, 20000 do local x = { i } end\n"
      "assert(type(collectgarbage 'count') == 'number' and collectgarbage 'count' > 1)\n"
      "local a, b = {}, {} assert(tostring(a) == tostring(a) and tostring(a) ~= tostring(b))\n"
      "assert(tostring(a):find '^table: %d+$', tostring(a))\n"
      "assert(tostring(setmetatable({}, { __name = 'Point' })):find '^Point: %d+$')\n"
      "assert(tostring(setmetatable({}, { __tostring = function() return 'me' end })) == 'me')\n"
      "assert(not pcall(tostring)) assert(tostring(nil) == 'nil' and tostring(1.5) == '1.5')\n"
      "assert(string.format('%-6s|%5.1f|%d%%|%q', 'ab', 1.25, 3, 'x') == 'ab    |  1.2|3%|\"x\"')\n"
      "assert(string.format('%s %s', nil, true) == 'nil true')\n"
      "assert(not pcall(string.format, '%d', 'x')) assert(not pcall(string.format, '%s'))\n"
      "assert(select('#', math.random()) == 1)\n"
      "for i = 1, 1000 do local r = math.random() assert(r >= 0 and r < 1)\n"
      "  r = math.random(6) assert(r >= 1 and r <= 6 and math.type(r) == 'integer')\n"
      "  r = math.random(-3, 3) assert(r >= -3 and r <= 3)\n"
      "  r = math.random(math.mininteger, math.maxinteger) assert(math.type(r) == 'integer') end\n"
      "assert(math.type(math.random(0)) == 'integer')\n"
      "assert(not pcall(math.random, 0.5)) assert(not pcall(math.random, 3, 1)) assert(not "
      "pcall(math.random, 1, 2, 3))\n"
      "math.randomseed(42) local x = math.random(1 << 40) math.randomseed(42) assert(x == "
      "math.random(1 << 40))\n"
      "math.randomseed(43) assert(x ~= math.random(1 << 40)) math.randomseed(1.5)\n"
      "assert(debug.traceback('msg'):find '^msg\\nstack traceback:')\n"
      "assert(debug.traceback({}) ~= nil and type(debug.traceback(coroutine.create(print))) == "
      "'string')\n"
      "local co = coroutine.create(function() local function named() coroutine.yield() end named() "
      "end)\n"
      "coroutine.resume(co) assert(debug.traceback(co):find 'named')\n");
}

static void time_is_utc_and_comes_from_the_system(void **state) {
  (void)state;
  play("assert(os.time() == 1, os.time())\n" /* the virtual clock's first second */
       "require 'troupe'.sleep(5000) assert(os.time() == 6 and os.clock() == 5.0)\n"
       "assert(os.time { year = 1970, month = 1, day = 1, hour = 0 } == 0)\n"
       "assert(os.time { year = 2000, month = 3, day = 1, hour = 12 } == 951912000)\n"
       "assert(os.time { year = 2024, month = 2, day = 29 } == 1709208000)\n"
       "assert(os.time { year = 2023, month = 14, day = -1, hour = 25, min = -5, sec = 61 } ==\n"
       "  os.time { year = 2024, month = 1, day = 31, hour = 0, min = 56, sec = 1 })\n"
       "assert(os.date('!%Y-%m-%d %H:%M:%S', 951912000) == '2000-03-01 12:00:00')\n"
       "assert(os.date('%c', 0) == 'Thu Jan  1 00:00:00 1970')\n"
       "assert(os.date('%x %X %p %A %B %j %U %w %W %y %Z %z %%', 1e9 // 1 | 0) ==\n"
       "  '09/09/01 01:46:40 AM Sunday September 252 36 0 36 01 GMT +0000 %')\n"
       "assert(os.date('%G-W%V-%u', 1609459200) == '2020-W53-5')\n"
       "assert(os.date('%D %e %F %g %h %I %n%t %r %R %s %T %C %Ex %Od', 86399) ==\n"
       "  '01/01/70  1 1970-01-01 70 Jan 11 \\n\\t 11:59:59 PM 23:59 86399 23:59:59 19 01/01/70 "
       "01')\n"
       "local d = os.date('*t', 951912000) assert(d.year == 2000 and d.month == 3 and d.day == 1 "
       "and "
       "d.hour == 12 and d.yday == 61 and d.wday == 4 and d.isdst == false)\n"
       "for _, t in ipairs { 0, -1, 1, 86399, -86400, 951782400, 4102444800, -62135596800, "
       "253402300799 } "
       "do\n"
       "  assert(os.time(os.date('!*t', t)) == t, t) end\n"
       "assert(os.difftime(5, 3) == 2.0)\n"
       "for _, f in ipairs { '%Q', '%', '%E', '%5' } do assert(not pcall(os.date, f), f) end\n"
       "assert(not pcall(os.time, {})) assert(not pcall(os.time, { year = 'x', month = 1, day = 1 "
       "}))\n"
       "assert(not pcall(os.time, { year = 1e300, month = 1, day = 1 })) assert(not pcall(os.date, "
       "'%c', "
       "1 << 62))\n");
}

static void prints_are_log_lines_with_a_quota(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 0);
  cast_run(
      &s, &c,
      "local log = require 'troupe'.log\n"
      "print('a', 1, nil, true)\n"
      "log.warn('with fields', { n = 3, text = 'two words', quote = 'a\"b', t = {}, f = 1.5 })\n"
      "print 'forged\\n2026-01-01 error someone: line'\n"
      "assert(not pcall(log.info)) assert(not pcall(log.info, 'x', 3)) assert(not pcall(log.info, "
      "'x', { 1 }))\n");
  expect_class(&c, TROUPE_EXIT_NORMAL);
  assert_non_null(strstr(s.log, ": a\t1\tnil\ttrue\n"));
  assert_non_null(
      strstr(s.log, "with fields f=1.5 n=3 quote=\"a\\\"b\" t=(table) text=\"two words\"\n"));
  assert_non_null(strstr(s.log, "forged\\x0a2026"));
  s.log_len = s.log_lines = 0;
  cast_run(&s, &c,
           "local line = ('x'):rep(1000)\n"
           "for i = 1, 1000 do print(line) end\n"
           "require 'troupe'.sleep(1000) print 'again'\n"
           "for i = 1, 5000 do print '' end");
  expect_class(&c, TROUPE_EXIT_NORMAL);
  assert_in_range(s.log_lines, 65 + 1 + 1000, 66 + 2 + 1030);
  assert_non_null(
      strstr(s.log, "lines are dropped: limits.log_bytes_per_s: no more than 65536 bytes"));
  stage_stop(&s);
}

/* A __tostring may change the table whose fields are being written; a __name may be of any type. */
static void texts_of_hostile_objects_are_harmless(void **state) {
  (void)state;
  stage s;
  cast c;
  stage_start(&s, 0);
  cast_run(&s, &c,
           "local log, long = require 'troupe'.log, ('x'):rep(5000)\n"
           "for _, name in ipairs { 5, true, {}, print, require 'troupe'.self() } do\n"
           "  local x = setmetatable({}, { __name = name })\n"
           "  assert(tostring(x):find '^table: %d+$')\n"
           "  print(long, x, x, long, x, long, long .. long)\n"
           "  log.info(x, { a = 1, b = print })\n"
           "  assert(('%s %s'):format(x, 'end'):find '^table: %d+ end$')\n"
           "end\n"
           "local fields = {}\n"
           "for i = 1, 8 do fields[('k'):rep(1 << 18) .. i] = i end\n"
           "log.info(setmetatable({}, { __tostring = function()\n"
           "  for k in pairs(fields) do fields[k] = nil end\n"
           "  local t = {}\n"
           "  for i = 1, 200000 do t[i % 100] = { i, tostring(i) } end\n"
           "  return 'emptied'\n"
           "end }), fields)\n"
           "log.info(setmetatable({}, { __tostring = function() return 'all' end }),\n"
           "         { a = 1, b = setmetatable({}, { __name = 1 }), c = 'x' })\n");
  expect_class(&c, TROUPE_EXIT_NORMAL);
  assert_non_null(strstr(s.log, ": emptied kkk"));
  assert_non_null(strstr(s.log, ": all a=1 b=(table) c=x\n"));
  stage_stop(&s);
}

static void modules_come_from_the_scripts_folder_only(void **state) {
  (void)state;
  char dir[] = "/tmp/troupe-test-XXXXXX", path[256];
  assert_non_null(mkdtemp(dir));
  static const char *const files[][2] = {
      {"app/main.lua",
       "local a = require 'mod' assert(a == require 'mod' and a.n == 1 and a.name == 'mod')\n"
       "assert(require 'pkg'.where == 'init' and require 'pkg.sub'.up == a)\n"
       "assert(require 'none' == true)\n"
       "local ok, e = pcall(require, 'broken') assert(not ok and e.code == 'script' and "
       "e.message:find '^broken.lua:2:', e.message)\n"
       "ok, e = pcall(require, 'fails') assert(not ok and e:find 'fails.lua:1: at load')\n"
       "ok, e = pcall(require, 'circle') assert(not ok and e:find 'requires itself', e)\n"
       "ok, e = pcall(require, 'escape') assert(not ok, 'a link led outside')\n"
       "ok, e = pcall(require, 'binary') assert(not ok and e:find 'compiled', e)\n"
       "assert(require 'waits' == 'waited')\n"
       "local troupe = require 'troupe'\n"
       "local c = troupe.spawn { script = 'pkg/child.lua' } assert(c:ask 'where' == 'init')\n"
       "for _, p in ipairs { '../secret.lua', '/etc/passwd', 'pkg/../main.lua', './main.lua', '', "
       "'no.lua', 'escape.lua', 'broken.lua' } do\n"
       "  local ref, err = troupe.try_spawn { script = p } assert(ref == nil and err.message, p) "
       "end\n"},
      {"app/mod.lua", "#!/usr/bin/lua\nn = (n or 0) + 1 return { n = n, name = ... }"},
      {"app/none.lua", ""},
      {"app/broken.lua", "local x = 1\nlocal = 2"},
      {"app/fails.lua", "error 'at load'"},
      {"app/circle.lua", "return require 'circle'"},
      {"app/binary.lua", "\033Lua"},
      {"app/waits.lua", "require 'troupe'.sleep(5) return 'waited'"},
      {"app/pkg/init.lua", "return { where = 'init' }"},
      {"app/pkg/sub.lua", "return { up = require 'mod' }"},
      {"app/pkg/child.lua", "local a = require 'troupe'.actor 'child'\n"
                            "function a.on:where() assert(not pcall(require, 'mod')) return "
                            "require 'init'.where end return a"},
      {"secret.lua", "return 'secret'"},
  };
  snprintf(path, sizeof path, "mkdir -p %s/app/pkg && ln -s ../secret.lua %s/app/escape.lua", dir,
           dir);
  /* NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): a fixed command */
  assert_int_equal(system(path), 0);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    snprintf(path, sizeof path, "%s/%s", dir, files[i][0]);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(files[i][1], f);
    fclose(f);
  }
  stage s;
  cast c;
  stage_start(&s, 0);
  troupe_script script = TROUPE_SCRIPT_INIT;
  snprintf(path, sizeof path, "%s/app/main.lua", dir);
  script.path = path;
  troupe_grants *g = cast_grants();
  script.grants = g;
  memset(&c, 0, sizeof c);
  cast_start(&s, &c, &script);
  cast_end(&c);
  expect_class(&c, TROUPE_EXIT_NORMAL);

  char msg[256] = "";
  troupe_pid pid;
  script.msg = msg;
  script.msg_len = sizeof msg;
  snprintf(path, sizeof path, "%s/app/broken.lua", dir);
  assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), TROUPE_E_SCRIPT);
  assert_int_equal(strncmp(msg, "broken.lua:2: ", 14), 0);
  assert_int_equal(pid.id, 0);
  snprintf(path, sizeof path, "%s/app/nothing.lua", dir);
  assert_int_equal(troupe_spawn_script(s.w.sys, &pid, &script), -ENOENT);
  assert_non_null(strstr(msg, "nothing.lua"));
  snprintf(path, sizeof path, "%s/app", dir);
  assert_int_equal(troupe_check_script(s.w.sys, &script), TROUPE_E_SCRIPT);
  snprintf(path, sizeof path, "%s/app/main.lua", dir);
  assert_int_equal(troupe_check_script(s.w.sys, &script), TROUPE_OK);
  troupe_grants_unref(g);
  stage_stop(&s);
  snprintf(path, sizeof path, "rm -r %s", dir);
  /* NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe) */
  assert_int_equal(system(path), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_escape_works),
      cmocka_unit_test(the_environment_is_an_allow_list),
      cmocka_unit_test(load_keeps_the_callers_environment),
      cmocka_unit_test(weak_tables_keep_the_metatables_they_get),
      cmocka_unit_test(the_replacements_behave),
      cmocka_unit_test(time_is_utc_and_comes_from_the_system),
      cmocka_unit_test(prints_are_log_lines_with_a_quota),
      cmocka_unit_test(texts_of_hostile_objects_are_harmless),
      cmocka_unit_test(modules_come_from_the_scripts_folder_only),
  };
  return run_tests(tests);
}
