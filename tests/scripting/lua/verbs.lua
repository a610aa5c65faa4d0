-- tell, ask and their variants; what they return for each state of the other side.
local troupe = require "troupe"

local function code(f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok, "an error was expected")
  assert(type(e) == "table" and type(e.code) == "string" and type(e.message) == "string", tostring(e))
  assert(tostring(e):find(e.message, 1, true))
  return e.code, e
end
local function misuse(pattern, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok and type(e) == "string" and e:find(pattern), tostring(e))
end

local c = troupe.spawn { script = "counter.lua", args = { start = 5 } }
assert(c:tell("add", 1) == true)
assert(c:ask("add", 2) == 8)
assert(c:ask "get" == 8 and select("#", c:ask "get") == 1)
assert(c:with { timeout_ms = 50, priority = "high", wait_ms = 0 }:try_ask("add", 3) == 11)
assert(c:ask("from") == troupe.self())

-- unknown kinds: a dead letter for a tell, an error for an ask
assert(c:tell "nonsense" == true)
assert(code(c.ask, c, "nonsense") == "no_handler")
assert(select(2, c:try_ask "nonsense").code == "no_handler")
assert(troupe.stats().dead.no_handler == 3)

-- deadlines
assert(code(c.ask, c:with { timeout_ms = 5 }, "slow", 50) == "timeout")
assert(code(c.ask, c:with { timeout_ms = 0 }, "slow", 50) == "timeout")
local v, e = c:with { timeout_ms = 5 }:try_ask("slow", 50)
assert(v == nil and e.code == "timeout")

-- a handler that fails
local child, monitor = troupe.spawn { script = "counter.lua", monitor = true }
local cd, err = code(child.ask, child, "fail", "boom")
assert(cd == "crashed" and err.message:find "counter.lua:%d+: boom" and err.reason.class == "error", tostring(err))
local m = troupe.receive { timeout_ms = 1000 }
assert(m.kind == troupe.signals.down and m[1] == child and m.n == 2)
assert(m[2].class == "error" and m[2].code == "error" and m[2].reason:find "boom" and m[2].traceback:find "counter.lua")
assert(rawequal(m[1], child) and tostring(m[1]) == tostring(child))
assert(not monitor:cancel())

-- gone
local ok, why = child:tell("add", 1)
assert(ok == false and why == "noproc")
assert(code(child.ask, child, "get") == "noproc")
v, e = child:try_ask "get"
assert(v == nil and e.code == "noproc" and tostring(e):find "^noproc: ")
child:monitor()
m = troupe.receive { kinds = { troupe.signals.down }, timeout_ms = 1000 }
assert(m[1] == child and m[2].class == "noproc")

-- ending while somebody waits
local q = troupe.spawn { script = "counter.lua" }
cd, err = code(q.ask, q, "quit")
assert(cd == "stopped" and err.reason.class == "shutdown", tostring(err))

-- oneself
assert(code(troupe.self().ask, troupe.self(), "x") == "would_deadlock")

-- an error with a code of its own
q = troupe.spawn { script = "counter.lua", monitor = true }
cd, err = code(q.ask, q, "fail", { code = "E_QUOTA", message = "used up" })
assert(cd == "crashed" and err.reason.code == "E_QUOTA" and err.reason.reason == "used up", tostring(err))
m = troupe.receive()
assert(m[2].class == "error" and m[2].code == "E_QUOTA" and m[2].reason == "used up")

-- stop and kill
q = troupe.spawn { script = "counter.lua", monitor = true }
assert(q:stop { timeout_ms = 1000 } == true)
m = troupe.receive()
assert(m[1] == q and m[2].class == "shutdown")
assert(q:stop() == true)
q = troupe.spawn { script = "counter.lua", monitor = true }
assert(q:kill() == true)
m = troupe.receive()
assert(m[2].class == "killed")
assert(select(2, q:kill()) == "noproc")
q = troupe.spawn { source = [[local t = require "troupe" local a = t.actor "slow"
  function a:terminate() t.sleep(100) end return a]] }
assert(code(q.stop, q, { timeout_ms = 10 }) == "timeout")
assert(q:stop())

-- a monitor that was given up
q = troupe.spawn { script = "counter.lua" }
local mon = q:monitor()
assert(tostring(mon):find "^monitor<" and mon:cancel() == true and mon:cancel() == false)
q:stop()
assert(troupe.receive { timeout_ms = 10 } == nil)

-- rights
local r = c:restrict { "tell" }
assert(r:tell("add", 1) == true and r == c and r ~= troupe.self())
assert(code(r.ask, r, "get") == "denied" and code(r.monitor, r) == "denied")
assert(code(r.stop, r) == "denied" and code(r.kill, r) == "denied")
assert(code(r.restrict, r, { "ask" }) == "denied")
assert(c:restrict { "ask" }:ask "get" > 0)
assert(select(2, c:restrict { "ask" }:tell "get") == "denied")
assert(code(c:restrict {}.ask, c:restrict {}, "get") == "denied")

-- misuse always raises, and names what is wrong
misuse("unknown option 'timeout'.*timeout_ms", c.with, c, { timeout = 5 })
misuse("options have names", c.with, c, { 5 })
misuse("'timeout_ms' must be an integral", c.with, c, { timeout_ms = 1.5 })
misuse("'timeout_ms' must be an integral", c.with, c, { timeout_ms = -1 })
misuse("'timeout_ms' must be an integral", c.with, c, { timeout_ms = "5" })
misuse("'wait_ms' must be an integral", c.with, c, { wait_ms = "infinity" })
misuse("'priority' must be", c.with, c, { priority = "urgent" })
assert(c:with { timeout_ms = "infinity" }:ask "get")
misuse("1 to 64 bytes", c.tell, c, "")
misuse("1 to 64 bytes", c.tell, c, ("k"):rep(65))
misuse("1 to 64 bytes", c.tell, c, "a\0b")
misuse("string expected", c.tell, c, 5)
misuse("troupe.ref expected", c.tell, {}, "add")
misuse("troupe.ref expected", c.ask, nil, "add")
misuse("right 1 is none of", c.restrict, c, { "fly" })
misuse("cannot send a function %(at argument 2.f%)", c.tell, c, "add", 1, { f = print })
misuse("cannot send a function", c.ask, c, "add", print)
misuse("unknown option 'wait'", c.stop, c, { wait = 1 })
misuse("ends itself with troupe.exit", function()
  local me = troupe.spawn { source = [[local t = require "troupe" local a = t.actor "a" return a]] }
  error("ends itself with troupe.exit", 0)
end)

-- forward: the first sender is answered, by whoever answers
local desk = troupe.spawn { source = [[
  local troupe = require "troupe"
  local desk = troupe.actor "desk"
  function desk:init(clerk) self.clerk = clerk end
  function desk.on:from() return troupe.forward(self.clerk) end
  function desk.on:slow() troupe.sleep(5); assert(troupe.forward(self.clerk)); return "mine" end
  function desk.on:twice()
    local ok, why = troupe.forward(self.clerk)
    assert(ok == true and why == nil)
    local again, e = pcall(troupe.forward, self.clerk)
    assert(not again and e:find "no message is being handled")
  end
  function desk.on:denied() local ok, why = troupe.forward(self.clerk:restrict {}) return { ok, why } end
  function desk.on:misuse() return select(2, pcall(troupe.forward, 7)) end
  function desk.on:gone(dead) local ok, why = troupe.forward(dead); self.told = why; assert(ok == false) end
  function desk.on:told() return self.told end
  return desk]], args = c }
assert(desk:ask "from" == troupe.self())
assert(desk:ask("slow", 1, "theirs") == "theirs")
assert(select(2, desk:try_ask "twice").code == "no_handler")
local refused = desk:ask "denied"
assert(refused[1] == false and refused[2] == "denied")
assert(desk:ask "misuse":find "ref expected")
local dead = troupe.spawn { source = "" }
dead:stop()
assert(select(2, desk:try_ask("gone", dead)).code == "noproc" and desk:ask "told" == "noproc")
misuse("no message is being handled", troupe.forward, c)

-- a circle of actors that wait for each other is found at once; one that takes messages meanwhile is none
local circle = [[
  local troupe = require "troupe"
  local a = troupe.actor "circle"
  a.reentrant = ...
  function a.on:meet(other) self.other = other end
  function a.on:go(n)
    if n == 0 then return "end" end
    local v, e = self.other:try_ask("go", n - 1)
    return v or e.code
  end
  return a]]
for _, reentrant in ipairs { false, true } do
  local source = circle:gsub("%.%.%.", tostring(reentrant))
  local first, last = troupe.spawn { source = source }
  for i = 1, 4 do
    local next = troupe.spawn { source = source }
    next:tell("meet", last or first)
    last = next
  end
  first:tell("meet", last)
  assert(first:ask("go", 3) == "end")
  assert(first:with { timeout_ms = 60000 }:ask("go", 12) == (reentrant and "end" or "would_deadlock"))
end
