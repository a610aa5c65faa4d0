-- Behaviour style: callbacks, reentrancy, late replies, ends.
local troupe = require "troupe"
local me = troupe.self()

-- handlers run one after the other, also when they wait
local serial = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "serial"
  function a:init() self.log = {} end
  function a.on:work(n, ms) self.log[#self.log + 1] = "<" .. n troupe.sleep(ms) self.log[#self.log + 1] = n .. ">" end
  function a.on:log() return table.concat(self.log) end
  return a]] }
serial:tell("work", 1, 20) serial:tell("work", 2, 1)
assert(serial:ask "log" == "<11><22>", serial:ask "log")

-- unless they are reentrant
local reentrant = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor("reentrant", { reentrant = true })
  function a:init() self.log = {} end
  function a.on:work(n, ms) self.log[#self.log + 1] = "<" .. n troupe.sleep(ms) self.log[#self.log + 1] = n .. ">" return n end
  function a.on:log() return table.concat(self.log) end
  return a]] }
reentrant:tell("work", 1, 20) reentrant:tell("work", 2, 1)
assert(reentrant:ask "log" == "<1<2")
troupe.sleep(40)
assert(reentrant:ask "log" == "<1<22>1>")
for i = 1, 300 do reentrant:tell("work", i, 5) end
assert(reentrant:ask("work", "x", 1) == "x")

-- from, reply_later, signals, fallback of self, a catch-all for kinds
local all = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "all"
  a.default = "from the behaviour"
  local later, downs = nil, {}
  function a.on:default() local d = self.default self.default = "own" return d .. "/" .. self.default .. "/" .. a.default end
  function a.on:later() later = troupe.reply_later() return "not sent" end
  function a.on:now(v) return later:reply(v) and not later:reply(v) end
  function a.on:later_error() local h = troupe.reply_later() troupe.after(1, function() h:error("expired", "too late") end) end
  function a.on:drop() troupe.reply_later() end
  function a.on:after_waiting() troupe.sleep(1) local h = troupe.reply_later() troupe.after(1, function() h:reply "waited" end) end
  function a.on:from() local f = troupe.from() troupe.sleep(1) return rawequal(f, troupe.from()) and f end
  function a.on:watch(r) r:monitor() end
  function a.signal:down(ref, reason) downs[#downs + 1] = tostring(ref) .. reason.class .. tostring(self.default) end
  function a.on:downs() return downs end
  function a.on:misuse() return select(2, pcall(troupe.receive)) end
  function a.on:self_ask() return select(2, troupe.self():try_ask "default").code end
  function a.on:garbage() for i = 1, 50000 do local x = {} end end
  setmetatable(a.on, { __index = function(_, kind) if kind ~= "absent" then return function(self, ...) return kind, ... end end end })
  return a]] }
assert(all:ask "default" == "from the behaviour/own/from the behaviour")
assert(all:ask "anything" == "anything")
assert(select(2, all:try_ask "absent").code == "no_handler")
local answer
troupe.after(0, function() answer = all:ask "later" end)
troupe.sleep(50)
assert(answer == nil and all:ask("now", { 7 }) == true)
for _ = 1, 1000 do
  if answer then break end
  troupe.sleep(5)
end
assert(answer[1] == 7)
assert(select(2, all:try_ask "later_error").code == "expired")
assert(all:ask "after_waiting" == "waited")
assert(all:ask "from" == me)
local dropped
troupe.after(0, function() dropped = select(2, all:try_ask "drop").code end)
troupe.sleep(1)
for _ = 1, 1000 do
  all:ask "garbage"
  troupe.sleep(1)
  if dropped then break end
end
assert(dropped == "broken_promise", dropped)
assert(all:ask "misuse":find "behaviour style")
assert(all:ask "self_ask" == "would_deadlock")
local short = troupe.spawn { source = "require 'troupe'.receive()" }
all:ask("watch", short) all:ask("watch", short)
short:tell "go"
local downs
for _ = 1, 1000 do
  downs = all:ask "downs"
  if #downs == 2 then break end
  troupe.sleep(5)
end
assert(#downs == 2 and downs[1] == tostring(short) .. "normalown", downs[1])
assert(not pcall(troupe.reply_later))

-- a handler that stops another actor is not interrupted by messages or timers
local stopper = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "stopper"
  function a:init() self.log = {} troupe.every(3, function() self.log[#self.log + 1] = "t" end) end
  function a.on:stop(ref) self.log[#self.log + 1] = "<" ref:stop() self.log[#self.log + 1] = ">" end
  function a.on:note() self.log[#self.log + 1] = "n" end
  function a.on:log() return table.concat(self.log) end
  return a]] }
local slow = troupe.spawn { source = [[local t = require "troupe" local a = t.actor "slow"
  function a:terminate() t.sleep(20) end return a]] }
stopper:tell("stop", slow) stopper:tell "note"
local seen = stopper:ask "log"
assert(seen:find "<>" and seen:find "n", seen)

-- terminate: runs for a stop, an exit, an error; sees why; may wait; its own error changes nothing
local source = [[
  local troupe = require "troupe"
  local a = troupe.actor "ending"
  function a:init(to) self.to = to end
  function a:terminate(why)
    troupe.sleep(1)
    self.to:tell("bye", why.class, why.reason)
    if why.reason == "twice" then error "in terminate" end
  end
  function a.on:exit(...) troupe.exit(...) end
  function a.on:restart() troupe.restart() end
  function a.on:fail(m) error(m, 0) end
  function a.on:busy(ms) troupe.sleep(ms) self.to:tell("busy_done") end
  return a]]
local function ending(kind, ...)
  local ref = troupe.spawn { source = source, args = me, monitor = true }
  if kind == "stop" then ref:stop() else ref:tell(kind, ...) end
  local bye = troupe.receive { kinds = { "bye" }, timeout_ms = 1000 }
  local down = troupe.receive { kinds = { troupe.signals.down }, timeout_ms = 1000 }
  return bye[1], bye[2], down[2].class, down[2].reason
end
local function expect(text, ...)
  local t = table.pack(...)
  for i = 1, t.n do t[i] = tostring(t[i]) end
  assert(table.concat(t, " ") == text, table.concat(t, " "))
end
expect("shutdown nil shutdown nil", ending "stop")
expect("normal nil normal nil", ending("exit"))
expect("shutdown done shutdown done", ending("exit", "shutdown", "done"))
expect("error wrong error wrong", ending("exit", "error", "wrong"))
expect("error boom error boom", ending("fail", "boom"))
expect("error twice error twice", ending("fail", "twice"))
expect("restart_requested nil restart_requested nil", ending "restart")
local busy = troupe.spawn { source = source, args = me }
busy:tell("busy", 20)
troupe.sleep(1)
busy:stop()
assert(troupe.receive { timeout_ms = 0 }.kind == "busy_done" and troupe.receive { timeout_ms = 0 }.kind == "bye")

-- in terminate, giving way returns, and stopping another actor waits for its end
local last = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "last"
  function a:init(args) self.to = args[1] self.other = args[2] end
  function a:terminate()
    for _ = 1, 3 do coroutine.yield() end
    local stopped = self.other:stop()
    self.to:tell("last", stopped, self.other:tell "hi")
  end
  return a]], args = { me, troupe.spawn { source = [[local a = require "troupe".actor "other"
    function a.on:hi() return "hi" end return a]] }:restrict { "ask", "tell", "monitor", "stop" } } }
last:stop()
local m = troupe.receive { kinds = { "last" }, timeout_ms = 0 }
assert(m[1] == true and m[2] == false)

-- what a handler waits for when the actor is stopped, and terminate asking for the end itself
local function stop_of(handlers)
  local s = troupe.spawn { permissions = { spawn = 1 }, shutdown_ms = 60000, source = [[
    local troupe = require "troupe"
    local a = troupe.actor("stopped", { reentrant = true })
    function a:init(to) self.to = to
      self.slow = troupe.spawn { shutdown_ms = 20000, source = "local t = require 'troupe' local a = t.actor 'slow' "
        .. "function a:terminate() t.sleep(400) end return a" }
    end
    function a.on:stops() self.stopped = self.slow:stop() self.again = self.slow:stop { timeout_ms = 5000 } end
    function a.on:ready() end
    function a.on:sleeps() troupe.sleep(100) coroutine.yield() self.slept = true end
    function a.on:yields() for _ = 1, 3000 do coroutine.yield() end self.yielded = true end
    function a:terminate()
      self.to:tell("terminated", self.stopped, self.again, self.slept, self.yielded)
      pcall(troupe.exit)
    end
    return a]], args = me }
  for _, h in ipairs(handlers) do s:tell(h) end
  s:ask "ready" -- all of them have begun
  local from = troupe.now_ms()
  s:stop()
  return troupe.receive { kinds = { "terminated" }, timeout_ms = 0 }, troupe.now_ms() - from
end
local ms
m, ms = stop_of {}
assert(m and ms < 10000, ms)
m, ms = stop_of { "sleeps", "stops", "yields" }
assert(m and m[1] == true and m[2] == true and m[3] and m[4] and ms < 10000, ("%s %s %s %s %d"):format(m and m[1], m and m[2], m and m[3], m and m[4], ms))

-- init gets no messages: giving way ends all the same, and so does waiting for another's end
local early = troupe.spawn { permissions = { spawn = 2 }, init_timeout_ms = 5000, source = [[
  local troupe = require "troupe"
  local a = troupe.actor "early"
  function a:init()
    for _ = 1, 3 do coroutine.yield() end
    troupe.sleep(5)
    coroutine.yield()
    local other = troupe.spawn { source = "require 'troupe'.sleep(100000)" }
    self.stop = other:stop()
    self.gone = other:tell "x"
    local busy = troupe.spawn { shutdown_ms = 500, source = "local t = require 'troupe' local a = t.actor 'busy' "
      .. "function a:terminate() t.sleep(100000) end return a" }
    self.late = select(2, pcall(busy.stop, busy, { timeout_ms = 10 })).code
    self.ask = select(2, troupe.self():try_ask "hi").code
  end
  function a.on:how() return { self.stop, self.gone, self.late, self.ask } end
  return a]] }
local how = early:ask "how"
assert(how[1] == true and how[2] == false and how[3] == "timeout" and how[4] == "would_deadlock")

-- no exit can be caught
local caught = troupe.spawn { source = [[
  local troupe = require "troupe"
  local ok = pcall(function() troupe.exit "shutdown" end)
  troupe.sleep(100000)]], monitor = true }
assert(troupe.receive { timeout_ms = 1000 }[2].class == "shutdown")
for _, bad in ipairs { "kill", "memory_limit", 5, {} } do assert(not pcall(troupe.exit, bad)) end

-- chunks that return something odd, or wait before they return an actor
local odd = troupe.spawn { source = "return { on = {} }", monitor = true }
assert(troupe.receive()[2].class == "normal")
local waited = troupe.spawn { source = [[local t = require "troupe" t.sleep(5) local a = t.actor "late"
  function a.on:hi() return "hi" end return a]] }
assert(waited:ask "hi" == "hi")
local broken = select(2, troupe.try_spawn { source = "local a = require 'troupe'.actor 'x' a.on = 5 return a" })
assert(broken.code == "init_failed" and broken.message:find "'on' must be a table")
assert(not pcall(troupe.actor) and not pcall(troupe.actor, "x", { entrant = true }))
