/* Scenes for trials: each uses one part of what a script can do (docs/reference/lua.md), in all the
 * ways in which it can end. Behind each stand `troupe`, `partner`, `narrow`, `dir`, `must` and
 * `fails` of trial.h. A scene that nobody disturbs ends normally. */
#ifndef TRP_TESTS_SCENES_H
#define TRP_TESTS_SCENES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct scene {
  const char *name;
  const char *source;
  bool tools; /* uses threads of tools */
} scene;

static const scene scenes[] = {
    {.name = "tell",
     .source = "must(partner:tell('echo', 1, { a = { 'x', nil, 2.5 } }, partner))\n"
               "must(partner:tell('never'))\n"
               "must(partner:tell('echo', ('x'):rep(100000)))\n"
               "local ok, why = partner:tell('echo', ('x'):rep(2 << 20))\n"
               "fails(ok, why, 'too_big')\n"
               "assert(not pcall(partner.tell, partner, 'echo', print))\n"},
    {.name = "tell a full mailbox",
     .source = "narrow:ask('hold')\n"
               "must(narrow:tell('a'))\n"
               "for _, ms in ipairs { 0, 1 } do\n"
               "  local ok, why = narrow:with { wait_ms = ms }:tell('b')\n"
               "  if why ~= 'mailbox_full' then must(ok, why) end\n"
               "end\n"
               "must(narrow:tell('c'))\n"},
    {.name = "tell who is gone",
     .source = "local child = troupe.spawn { source = '' }\n"
               "troupe.sleep(5)\n"
               "local ok, why = child:tell('late')\n"
               "fails(ok, why, 'noproc')\n"},
    {.name = "tell oneself",
     .source = "must(troupe.self():tell('note', 1))\n"
               "assert(troupe.receive { kinds = { 'note' } }[1] == 1)\n"},
    {.name = "ask",
     .source = "assert(partner:ask('echo', 1)[1] == 1)\n"
               "local v, e = partner:try_ask('echo', ('x'):rep(100000))\n"
               "must(v, e)\n"},
    {.name = "ask without an answer",
     .source = "local v, e = partner:with { timeout_ms = 3 }:try_ask('never')\n"
               "fails(v, e, 'timeout')\n"
               "v, e = troupe.spawn { source = '' }:try_ask('late')\n"
               "fails(v, e, 'stopped', 'noproc')\n"
               "v, e = troupe.self():with { timeout_ms = 1 }:try_ask('x')\n"
               "fails(v, e, 'would_deadlock')\n"},
    {.name = "ask a full mailbox",
     .source = "narrow:ask('hold')\n"
               "must(narrow:tell('a'))\n"
               "local v, e = narrow:with { wait_ms = 1 }:try_ask('b')\n"
               "fails(v, e, 'mailbox_full')\n"
               "v, e = narrow:with { timeout_ms = 1 }:try_ask('c')\n"
               "fails(v, e, 'mailbox_full', 'timeout')\n"
               "assert(narrow:ask('d') == nil)\n"},
    {.name = "ask in coroutines and protected calls",
     .source =
         "local co = coroutine.wrap(function()\n"
         "  coroutine.yield(partner:ask('echo', 1)[1])\n"
         "  return pcall(function()\n"
         "    local closing <close> = setmetatable({}, { __close = function() troupe.now_ms() end "
         "})\n"
         "    return partner:ask('echo', 2)[1]\n"
         "  end)\n"
         "end)\n"
         "assert(co() == 1)\n"
         "local ok, v = co()\n"
         "if not ok then error(v, 0) end\n"
         "assert(v == 2)\n"
         "local half = coroutine.create(function() partner:ask('echo', 3) coroutine.yield() end)\n"
         "must(coroutine.resume(half)) must(coroutine.close(half))\n"},
    {.name = "tasks that ask at once",
     .source = "local open = 0\n"
               "for i = 1, 5 do\n"
               "  open = open + 1\n"
               "  troupe.after(0, function() assert(partner:ask('echo', i)[1] == i) open = open - "
               "1 end)\n"
               "end\n"
               "troupe.sleep(5)\n"
               "assert(open == 0)\n"},
    {.name = "timers in one another's place",
     .source = "local n = 0\n"
               "for i = 1, 5 do troupe.after(1, function() n = n + i end, { key = 'k' }) end\n"
               "local idle = troupe.idle_after(1000, print, { key = 'idle' })\n"
               "troupe.every(1, function() n = n + 100 end, { key = 'idle' })\n"
               "assert(not idle:cancel())\n"
               "troupe.sleep(3)\n"
               "troupe.after(0, print, { key = 'idle' })\n"
               "assert(n >= 5)\n"},
    {.name = "actors that would wait for each other",
     .source = "local me = troupe.self()\n"
               "local other = troupe.spawn { args = { me }, source = [[\n"
               "  local troupe, to = require 'troupe', (...)[1]\n"
               "  local msg = troupe.receive { kinds = { 'go' } }\n"
               "  local v, e = to:with { timeout_ms = 50 }:try_ask 'back'\n"
               "  msg:reply(e and e.code)]] }\n"
               "local code = must(other:ask 'go')\n"
               "assert(code == 'would_deadlock', code)\n"},
    {.name = "spawn",
     .source = "local child, monitor = troupe.spawn {\n"
               "  source = \"local troupe, a, b = require 'troupe', ... troupe.receive()\", args = "
               "{ 1, troupe.self() }, name = 'child',\n"
               "  monitor = true, limits = { memory_bytes = 1 << 20 }, mailbox = { messages = 5, "
               "overflow = 'fail' },\n"
               "  permissions = { names = { 'child' }, fs = { { root = dir } }, exec = { "
               "'/bin/cat' }, spawn = 2 } }\n"
               "assert(child and monitor and troupe.whereis 'child' == child)\n"
               "must(child:tell 'go')\n"
               "local down = troupe.receive { kinds = { troupe.signals.down } }\n"
               "assert(down[1] == child)\n"
               "if down[2].class ~= 'normal' then error({ code = 'no_memory', message = "
               "down[2].reason }, 0) end\n"},
    {.name = "spawn a file",
     .source = "local child = troupe.spawn { script = 'child.lua', args = 5 }\n"
               "local v, e = troupe.try_spawn { script = 'missing.lua' }\n"
               "fails(v, e, 'script')\n"
               "v, e = troupe.try_spawn { script = 'broken.lua' }\n"
               "fails(v, e, 'script')\n"
               "must(child:tell 'go')\n"},
    {.name = "spawn what fails",
     .source =
         "for _, source in ipairs { 'error { code = \"no_disk\" }', 'local t = {} while true do "
         "t[#t + 1] = (\"x\"):rep(1 << 16) end' } do\n"
         "  local v, e = troupe.try_spawn { source = source, monitor = true, limits = { "
         "memory_bytes = 1 << 20 } }\n"
         "  fails(v, e, 'init_failed')\n"
         "end\n"
         "local v, e = troupe.try_spawn { source = '', permissions = { exec = { '/bin/sh' } } }\n"
         "fails(v, e, 'denied')\n"
         "v, e = troupe.try_spawn { source = '', name = 'partner' }\n"
         "fails(v, e, 'already_registered')\n"
         "v, e = troupe.try_spawn { source = 'return +' }\n"
         "fails(v, e, 'script')\n"},
    {.name = "spawn without waiting",
     .source = "local child\n"
               "table.sort({ 2, 1 }, function(a, b)\n"
               "  child = child or troupe.spawn { source = \"require 'troupe'.receive()\", monitor "
               "= true }\n"
               "  return a < b\n"
               "end)\n"
               "must(child:tell 'go')\n"},
    {.name = "a family",
     .source = "local child = troupe.spawn { permissions = { spawn = 3 }, source = [[\n"
               "  local troupe = require 'troupe'\n"
               "  for i = 1, 2 do troupe.spawn { source = \"local troupe = require 'troupe' "
               "troupe.every(1, print) troupe.receive()\" } end\n"
               "  troupe.receive()]] }\n"
               "troupe.sleep(3)\n"
               "child:tell 'go'\n"
               "troupe.sleep(3)\n"},
    {.name = "monitor",
     .source = "local child = troupe.spawn { source = \"require 'troupe'.receive()\" }\n"
               "local first, second = child:monitor(), child:monitor()\n"
               "assert(second:cancel() and not second:cancel())\n"
               "must(child:tell 'go')\n"
               "local down = troupe.receive { kinds = { troupe.signals.down } }\n"
               "assert(down[1] == child)\n"
               "child:monitor()\n"
               "troupe.receive { kinds = { troupe.signals.down } }\n"
               "assert(not first:cancel())\n"},
    {.name = "stop",
     .source = "local slow = troupe.spawn { source = [[\n"
               "  local troupe = require 'troupe'\n"
               "  local slow = troupe.actor 'slow'\n"
               "  function slow:terminate() troupe.sleep(5) end\n"
               "  return slow]] }\n"
               "local ok, e = pcall(slow.stop, slow, { timeout_ms = 2 })\n"
               "if not ok then fails(ok, e, 'timeout') end\n"
               "assert(slow:stop() and slow:stop())\n"},
    {.name = "kill",
     .source =
         "local child = troupe.spawn { source = \"require 'troupe'.receive()\", monitor = true }\n"
         "must(child:kill())\n"
         "troupe.receive { kinds = { troupe.signals.down } }\n"
         "local ok, why = child:kill()\n"
         "fails(ok, why, 'noproc')\n"},
    {.name = "receive",
     .source = "local me = troupe.self()\n"
               "must(me:tell('b', 2, nil)) must(me:tell('a', ('x'):rep(1000)))\n"
               "assert(troupe.receive { kinds = { 'a' }, timeout_ms = 5 }.kind == 'a')\n"
               "assert(troupe.receive { kinds = { 'b' } }.n == 2)\n"
               "assert(troupe.receive { kinds = { 'c' }, timeout_ms = 0 } == nil)\n"
               "assert(troupe.receive { kinds = { 'c' }, timeout_ms = 3 } == nil)\n"
               "must(me:tell 'kept')\n"},
    {.name = "receive an ask",
     .source = "must(partner:tell 'poke') must(partner:tell 'poke') must(partner:tell 'poke')\n"
               "local m = troupe.receive { kinds = { 'question' } }\n"
               "assert(m:reply(m[1] + 1) and not m:reply(1))\n"
               "m = troupe.receive { kinds = { 'question' } }\n"
               "assert(m.ask:error('busy', 'later'))\n"
               "m = troupe.receive { kinds = { 'question' } }\n"
               "m = nil\n"
               "for i = 1, 5000 do local garbage = { i } end\n"},
    {.name = "handlers that answer",
     .source = "local a = troupe.actor 'a'\n"
               "function a:init() for i = 1, 3 do must(partner:tell 'poke') end self.n = 0 end\n"
               "function a.on:question(n)\n"
               "  self.n = self.n + 1\n"
               "  if self.n == 1 then return n end\n"
               "  if self.n == 2 then troupe.sleep(2) return { n } end\n"
               "  troupe.after(2, function() troupe.exit() end)\n"
               "  return ('x'):rep(2 << 20)\n"
               "end\n"
               "return a\n"},
    {.name = "reply_later",
     .source =
         "local a = troupe.actor('a', { reentrant = true })\n"
         "function a:init() for i = 1, 4 do must(partner:tell 'poke') end self.held = {} end\n"
         "function a.on:question(n)\n"
         "  local h = troupe.reply_later()\n"
         "  self.held[#self.held + 1] = h\n"
         "  if #self.held < 4 then return end\n"
         "  troupe.after(1, function()\n"
         "    assert(self.held[1]:reply { n } and self.held[2]:error('busy', 'no'))\n"
         "    assert(self.held[3]:reply(('x'):rep(2 << 20)))\n"
         "    self.held = {}\n"
         "    for i = 1, 5000 do local garbage = { i } end\n"
         "    troupe.exit()\n"
         "  end)\n"
         "end\n"
         "return a\n"},
    {.name = "handlers in turn",
     .source = "local a = troupe.actor 'a'\n"
               "function a:init()\n"
               "  self.n = 0\n"
               "  local me = troupe.self()\n"
               "  for i = 1, 4 do must(me:tell('work', i)) end\n"
               "  must(me:tell('unknown'))\n"
               "end\n"
               "function a.on:work(i)\n"
               "  if i == 2 then coroutine.yield() end\n"
               "  if i == 3 then troupe.sleep(1) end\n"
               "  self.n = self.n + 1\n"
               "  if self.n == 4 then troupe.exit('normal', 'done') end\n"
               "end\n"
               "return a\n"},
    {.name = "signals",
     .source = "local a = troupe.actor 'a'\n"
               "function a:init() self.child = troupe.spawn { source = \"require "
               "'troupe'.receive()\", monitor = true } must(self.child:tell 'go') end\n"
               "function a.signal:down(ref, reason) assert(ref == self.child) troupe.exit() end\n"
               "return a\n"},
    {.name = "terminate",
     .source = "local a = troupe.actor 'a'\n"
               "function a:init() self.child = troupe.spawn { source = \"require "
               "'troupe'.receive()\" } troupe.after(1, function() troupe.exit() end) end\n"
               "function a:terminate(reason)\n"
               "  partner:ask('echo', reason.class)\n"
               "  troupe.sleep(1)\n"
               "  self.child:stop()\n"
               "  troupe.log.info('bye', { class = reason.class })\n"
               "end\n"
               "return a\n"},
    {.name = "sleep and give way",
     .source = "troupe.sleep(0) troupe.sleep(5)\n"
               "coroutine.yield()\n"
               "troupe.after(1, function() end)\n"
               "coroutine.yield()\n"},
    {.name = "timers",
     .source = "local n, done = 0, false\n"
               "local fast\n"
               "fast = troupe.every(1, function(missed) n = n + 1 if n == 3 then "
               "assert(fast:cancel()) end end)\n"
               "local never = troupe.after(1000, print)\n"
               "troupe.after(2, function() troupe.sleep(3) done = true end)\n"
               "troupe.sleep(10)\n"
               "assert(done and n == 3 and never:cancel() and not never:cancel() and not "
               "fast:cancel())\n"},
    {.name = "timers of a busy actor",
     .source = "local a = troupe.actor 'a'\n"
               "function a:init() self.n = 0 troupe.every(1, function() self.n = self.n + 1 end) "
               "must(troupe.self():tell 'wait') end\n"
               "function a.on:wait() troupe.sleep(5) troupe.after(3, function() assert(self.n > 1) "
               "troupe.exit() end) end\n"
               "return a\n"},
    {.name = "tools in memory",
     .tools = true,
     .source =
         "assert(troupe.call('echo', { value = 42 }) == 42)\n"
         "assert(#troupe.call('echo', { value = ('x'):rep(100000) }) == 100000)\n"
         "local v, e = troupe.try_call('gunzip', { data = 'no gzip' }, { timeout_ms = 20000 })\n"
         "fails(v, e, 'corrupt')\n"
         "for _, name in ipairs { 'missing', 'unknown' } do\n"
         "  v, e = troupe.try_call(name, {})\n"
         "  fails(v, e, 'not_found')\n"
         "end\n"
         "assert(troupe.call('console', {}).tty ~= nil)\n"},
    {.name = "tools of files",
     .tools = true,
     .source =
         "assert(troupe.call('fs.write', { path = dir .. '/x', data = ('x'):rep(1000) }) == 1000)\n"
         "assert(#troupe.call('fs.read', { path = dir .. '/x' }) == 1000)\n"
         "assert(#troupe.call('fs.list', { path = dir }) >= 3)\n"
         "local v, e = troupe.try_call('fs.read', { path = '/etc/passwd' })\n"
         "fails(v, e, 'EACCES')\n"},
    {.name = "sqlite",
     .tools = true,
     .source = "local path = dir .. '/db'\n"
               "troupe.call('sqlite', { path = path, op = 'transaction', statements = {\n"
               "  { sql = 'CREATE TABLE IF NOT EXISTS t (a, b)' }, { sql = 'INSERT INTO t VALUES "
               "(?, ?)', rows = { { 1, 'x' }, { 2, 'y' } } } } })\n"
               "local r = troupe.call('sqlite', { path = path, sql = 'SELECT * FROM t WHERE a = :a "
               "LIMIT 1', params = { a = 2 } })\n"
               "assert(r.rows[1].b == 'y')\n"
               "local v, e = troupe.try_call('sqlite', { path = path, sql = 'SELECT nothing' })\n"
               "fails(v, e, 'SQLITE_ERROR')\n"},
    {.name = "exec",
     .tools = true,
     .source = "local r = troupe.call('exec', { argv = { '/bin/cat' }, stdin = 'hello', env = { A "
               "= 'b' }, cwd = dir })\n"
               "assert(r.status == 0 and r.stdout == 'hello')\n"
               "local v, e = troupe.try_call('exec', { argv = { '/bin/sh' } })\n"
               "fails(v, e, 'denied')\n"},
    {.name = "calls in flight at the end",
     .tools = true,
     .source = "for i = 1, 3 do\n"
               "  troupe.after(0, function() troupe.try_call('exec', { argv = { '/bin/cat' }, "
               "stdin = ('x'):rep(100000) }) end)\n"
               "  troupe.after(0, function() troupe.try_call('echo', { value = i }) end)\n"
               "end\n"
               "troupe.sleep(1)\n"},
    {.name = "json",
     .source = "local json = require 'troupe.json'\n"
               "local v = json.decode '{\"a\":[1,2.5,\"x\",null,true],\"b\":{\"c\":{}}}'\n"
               "assert(json.encode(v) == '{\"a\":[1,2.5,\"x\",null,true],\"b\":{\"c\":{}}}')\n"
               "local bad, e = json.try_decode '[1'\n"
               "fails(bad, e, 'format')\n"
               "assert(not pcall(json.encode, print))\n"
               "assert(#json.encode(('x'):rep(100000)) == 100002)\n"},
    {.name = "require and load",
     .source = "assert(require 'helper'.value == 7 and require 'helper' == require 'helper')\n"
               "local ok, e = pcall(require, 'broken')\n"
               "assert(not ok)\n"
               "ok, e = pcall(require, 'missing')\n"
               "assert(not ok)\n"
               "assert(load 'return 1 + 1'() == 2 and not load 'return +')\n"},
    {.name = "log",
     .source = "troupe.log.debug 'plain'\n"
               "troupe.log.info('fields', { a = 1, b = 'x y', c = partner })\n"
               "troupe.log.warn(('x'):rep(5000)) troupe.log.error 'bad'\n"
               "print('a', 1, nil, partner)\n"},
    {.name = "refs",
     .source =
         "local few = partner:restrict { 'tell' }\n"
         "assert(few == partner and tostring(few):find 'ref' and not pcall(few.ask, few, 'echo'))\n"
         "assert(not pcall(few.restrict, few, { 'ask' }))\n"
         "local slow = partner:with { timeout_ms = 5, wait_ms = 5, priority = 'high' }:restrict { "
         "'tell', 'ask' }\n"
         "assert(troupe.whereis 'nobody' == nil and troupe.whereis 'partner' == partner and "
         "troupe.from() == nil)\n"
         "local back = slow:ask('echo', few, troupe.self())\n"
         "assert(back[1] == partner and back[2] == troupe.self())\n"},
    {.name = "time, figures and text",
     .source =
         "assert(troupe.now_ms() and os.clock() and os.time() and os.date('!%Y-%m-%d') and os.time "
         "{ year = 2020, month = 1, day = 1 })\n"
         "assert(troupe.stats().actors > 0 and collectgarbage 'count' > 0)\n"
         "assert(#string.format('%5.2f %q %s', 1.5, 'x', {}) > 0 and #('x'):rep(100, ',') > 0)\n"
         "local t = {} for i = 1, 200 do t[i] = { i, tostring(i) } end\n"
         "table.sort(t, function(a, b) return a[1] > b[1] end)\n"
         "assert(#table.concat({ 1, 2, 3 }, ',') == 5 and ('a=b'):gsub('%w', { a = 'c' }) == "
         "'c=b')\n"
         "math.randomseed(1) assert(math.random() < 1)\n"
         "local mark = troupe.array {}\n"
         "assert(#mark == 0 and tostring(print) and debug.traceback())\n"},
    {.name = "a heap that grows and shrinks",
     .source = "local t = {}\n"
               "for i = 1, 100 do t[i] = ('x'):rep(i * 20) .. i end\n"
               "for i = 1, 5 do t[i] = ('y'):rep(40000 + i) end\n"
               "local s = {} for i = 1, 3000 do s[i] = i end\n"
               "t = nil\n"
               "for i = 1, 100 do t = { i } end\n"},
    {.name = "info and hibernate",
     .source = "local child = troupe.spawn { source = \"require 'troupe'.receive()\" }\n"
               "assert(troupe.info() and child:info())\n"
               "local kept = {} for i = 1, 500 do kept[i] = { i } end\n"
               "kept = nil\n"
               "troupe.hibernate()\n"
               "troupe.sleep(2)\n"
               "must(child:tell 'go')\n"
               "troupe.sleep(2)\n"
               "local ok, e = pcall(child.info, child)\n"
               "fails(ok, e, 'noproc')\n"},
    {.name = "exit from within",
     .source = "pcall(function()\n"
               "  coroutine.wrap(function()\n"
               "    local closing <close> = setmetatable({}, { __close = function() "
               "pcall(troupe.exit, 'normal') end })\n"
               "    troupe.exit('normal', 'enough')\n"
               "  end)()\n"
               "end)\n"},
};

#endif
