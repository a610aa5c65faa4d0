-- spawn: options, errors, permissions, limits.
local troupe = require "troupe"

local function fails(code, pattern, options)
  local ref, e = troupe.try_spawn(options)
  assert(ref == nil and e.code == code and e.message:find(pattern), code .. " expected: " .. tostring(e))
  local ok, raised = pcall(troupe.spawn, options)
  assert(not ok and raised.code == code and raised.message:find(pattern), tostring(raised))
end
local function misuse(pattern, options)
  local ok, e = pcall(troupe.try_spawn, options)
  assert(not ok and type(e) == "string" and e:find(pattern), tostring(e))
end
local nothing = "local a = require 'troupe'.actor 'a' return a"

misuse("table expected")
misuse("either 'script'", {})
misuse("either 'script'", { script = "a.lua", source = "" })
misuse("unknown option 'scirpt'", { scirpt = "a.lua" })
misuse("'source' must be a string", { source = print })
misuse("'monitor' must be true or false", { source = "", monitor = 1 })
misuse("detached", { source = "", detached = true })
misuse("limits: unknown option 'memory'", { source = "", limits = { memory = 1 } })
misuse("'memory_bytes' must be an integer", { source = "", limits = { memory_bytes = "1" } })
misuse("unknown option 'size'", { source = "", mailbox = { size = 5 } })
misuse("'mailbox.overflow' must be", { source = "", mailbox = { overflow = "explode" } })
misuse("unknown option 'network'", { source = "", permissions = { network = {} } })
misuse("permissions.net must be a list", { source = "", permissions = { net = "host:1" } })
misuse("entry 1 is no string", { source = "", permissions = { tools = { 5 } } })
misuse("needs a root", { source = "", permissions = { fs = { { mode = "r" } } } })
misuse("cannot send a function", { source = "", args = print })

fails("script", "script:1:", { source = "local = 1" })
fails("script", "nothing.lua", { script = "nothing.lua" })
fails("denied", "below", { script = "../lua/counter.lua" })
fails("init_failed", "counter.lua:%d+: not today", { script = "counter.lua", args = { fail = "not today" } })
fails("init_failed", "shutdown", { script = "counter.lua", args = { exit = "shutdown" } })
fails("init_failed", "script:1: at once", { source = "error 'at once'" })
fails("denied", "tools", { source = nothing, permissions = { tools = { "unknown_tool" } } })
fails("denied", "net", { source = nothing, permissions = { net = { "example.org:80" } } })
fails("denied", "exec", { source = nothing, permissions = { exec = { "/bin/sh" } } })
fails("denied", "", { source = nothing, permissions = { fs = { { root = "/tmp", mode = "r" } } } })
fails("denied", "", { source = nothing, permissions = { spawn = 100000 } })
fails("denied", "memory_bytes", { source = nothing, limits = { memory_bytes = 1 << 40 } })

-- init that waits, and scripts that are done at once
local ref = troupe.spawn { script = "counter.lua", args = { wait_ms = 20, start = 3 } }
assert(ref:ask "get" == 3)
local done, monitor = troupe.spawn { source = "return 1", monitor = true }
local m = troupe.receive { timeout_ms = 1000 }
assert(m[1] == done and m[2].class == "normal" and tostring(monitor):find "monitor")

-- names
local named = troupe.spawn { script = "counter.lua", name = "the_counter" }
assert(troupe.whereis "the_counter" == named and troupe.whereis "nobody" == nil)
fails("already_registered", "", { script = "counter.lua", name = "the_counter" })
named:stop()
assert(troupe.whereis "the_counter" == nil)
local found = troupe.spawn { script = "counter.lua", name = "the_counter" }
assert(not pcall(troupe.whereis "the_counter".stop, troupe.whereis "the_counter"), "whereis gives no right to stop")
assert(troupe.whereis "the_counter":ask "get" == 0)

-- a child has what it was given and nothing else
local child = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "child"
  local function code(f, ...) local ok, e = pcall(f, ...) return not ok and e.code or tostring(ok) end
  function a.on:whereis(n) return code(troupe.whereis, n) end
  function a.on:spawn() return code(troupe.spawn, { source = "return 1" }) end
  function a.on:call(n) return select(2, troupe.try_call(n)).code end
  return a]], permissions = { names = { "the_counter" } } }
assert(child:ask("whereis", "the_counter") == "true" and child:ask("whereis", "other") == "denied")
assert(child:ask "spawn" == "limit" or child:ask "spawn" == "denied", child:ask "spawn")
assert(child:ask("call", "echo") == "denied")
local parent = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "parent"
  function a:init() self.refs = {} end
  function a.on:spawn()
    local ref, e = troupe.try_spawn { source = "require 'troupe'.sleep(1000000)" }
    self.refs[#self.refs + 1] = ref
    return ref and "ok" or e.code
  end
  function a.on:stop() return table.remove(self.refs):stop() end
  return a]], permissions = { spawn = 2 } }
assert(parent:ask "spawn" == "ok" and parent:ask "spawn" == "ok" and parent:ask "spawn" == "limit")
assert(parent:ask "stop" == true)
troupe.sleep(1)
assert(parent:ask "spawn" == "ok")

-- children end with their parent
local grandchild = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "parent"
  function a.on:child() return troupe.spawn { source = "require 'troupe'.sleep(1000000)" } end
  return a]], permissions = { spawn = 1 }, monitor = true }
local leaf = grandchild:ask "child"
leaf:monitor()
grandchild:stop()
local gone = {}
gone[troupe.receive()[1]] = true
gone[troupe.receive()[1]] = true
assert(gone[leaf] and gone[grandchild])

-- mailboxes
local full = troupe.spawn { source = "require 'troupe'.sleep(1000000)", mailbox = { messages = 2, overflow = "fail" } }
assert(full:tell "a" and full:tell "b")
local ok, why = full:tell "c"
assert(ok == false and why == "mailbox_full")
assert(select(2, full:try_ask "d").code == "mailbox_full")
local sleeper = "require 'troupe'.sleep(1000000)"
full = troupe.spawn { source = sleeper, mailbox = { messages = 1, overflow = "drop_new" } }
assert(full:tell "a")
ok, why = full:tell "b"
assert(ok == false and why == "dropped")
assert(select(2, full:try_ask "c").code == "dropped")
assert(full:with { priority = "high" }:tell "d") -- it has room of its own
full = troupe.spawn { source = [[
local t = require "troupe"
local boss = t.receive()[1]
boss:ask "hold"
boss:tell("kept", t.receive().kind)]], mailbox = { messages = 1, overflow = "drop_old" } }
assert(full:tell("boss", troupe.self()))
local held = troupe.receive { kinds = { "hold" } }
assert(full:tell "a" and full:tell "b" and full:tell "c")
held:reply()
assert(troupe.receive({ kinds = { "kept" } })[1] == "c")
full = troupe.spawn { source = sleeper, mailbox = { messages = 1, overflow = "stop" }, monitor = true }
assert(full:tell "a")
ok, why = full:tell "b"
assert(ok == false and why == "mailbox_full")
local down = troupe.receive { kinds = { troupe.signals.down } }
assert(down[2].class == "mailbox_overflow" and down[2].reason == "its mailbox was full")
local orderly = troupe.spawn { source = [[
local t = require "troupe"
local boss = t.receive()[1]
boss:ask "hold"
for _ = 1, 3 do boss:tell("next", t.receive().kind) end]] }
assert(orderly:tell("boss", troupe.self()))
held = troupe.receive { kinds = { "hold" } }
assert(orderly:tell "a" and orderly:tell "b" and orderly:with { priority = "high" }:tell "urgent")
held:reply()
assert(troupe.receive({ kinds = { "next" } })[1] == "urgent")
assert(troupe.receive({ kinds = { "next" } })[1] == "a")
assert(troupe.receive({ kinds = { "next" } })[1] == "b")
local waits = troupe.spawn { source = [[local t = require "troupe" t.sleep(30) while true do t.receive() end]],
  mailbox = { messages = 2 } }
for i = 1, 20 do assert(waits:tell("m", i)) end
waits = troupe.spawn { source = "require 'troupe'.sleep(1000000)", mailbox = { messages = 1 } }
assert(waits:tell "a")
ok, why = waits:with { wait_ms = 20 }:tell "b"
assert(ok == false and why == "mailbox_full")
ok, why = waits:with { wait_ms = 0 }:tell "b"
assert(ok == false and why == "mailbox_full")

-- memory
local hog = troupe.spawn { source = [[
  local a = require "troupe".actor "hog"
  function a.on:eat() pcall(function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end) return "alive" end
  return a]], limits = { memory_bytes = 1 << 20 }, monitor = true }
local v, e = hog:try_ask "eat"
assert(v == nil and e.code == "crashed" and e.reason.class == "memory_limit", tostring(e))
m = troupe.receive()
assert(m[1] == hog and m[2].class == "memory_limit")
