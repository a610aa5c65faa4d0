-- What actors say about themselves and about each other.
local troupe = require "troupe"

local me = troupe.info()
assert(me.phase == "starting" or me.phase == "running", me.phase)
assert(me.generation == 1 and me.restarts == 0 and me.name == nil)
assert(tostring(troupe.self()) == me.pid, me.pid)
assert(me.memory_bytes > 10000 and me.memory_bytes <= me.memory_peak_bytes)
assert(me.memory_peak_bytes <= me.memory_limit_bytes and me.memory_limit_bytes == 50 << 20)
assert(me.memory_external_bytes > 0 and me.memory_external_bytes < me.memory_bytes)
assert(me.tasks == 1 and me.timers == 0 and me.children == 0 and me.asks == 0)
assert(troupe.self():info().pid == me.pid)

-- somebody else, also while a handler of his waits
local c = troupe.spawn { script = "counter.lua", args = { start = 5 }, name = "counted",
                         limits = { memory_bytes = 1 << 20 } }
for _ = 1, 10 do c:ask("add", 1) end
local info = c:info()
assert(info.name == "counted" and info.phase == "running" and info.pid == tostring(c))
assert(info.handled == 10 and info.queued == 0 and info.queued_bytes == 0)
assert(info.memory_limit_bytes == 1 << 20 and info.tasks == 0)
assert(math.type(info.cpu_us) == "integer" and info.cpu_us >= 0)
assert(troupe.info().children == 1)
c:tell("slow", 60000)
for _ = 1, 3 do c:tell "get" end
troupe.sleep(1)
info = c:info()
assert(info.tasks == 1 and info.timers == 1 and info.reply_handles == 1, info.reply_handles)
assert(info.queued == 3 and info.queued_bytes > 3 * 64, info.queued)
local at_work = info.memory_bytes

-- what it holds, and holds no more
local eater = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "eater"
  function a.on:eat(n) self.food = ("x"):rep(n) end
  function a.on:digest() self.food = nil troupe.hibernate() end
  return a]] }
eater:ask("eat", 1000000)
local fed = eater:info().memory_bytes
assert(fed > 1000000)
eater:ask "digest"
info = eater:info()
assert(info.memory_bytes < fed - 900000, info.memory_bytes)
assert(info.memory_peak_bytes >= fed)
assert(info.collections >= 1)

-- nothing is left of coroutines that are not kept: by hibernation, and over the number that is
eater:ask "digest"
local small = eater:info().memory_bytes
for _ = 1, 50 do eater:ask "digest" end
assert(eater:info().memory_bytes == small, eater:info().memory_bytes .. " " .. small)
local crowd = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "crowd"
  a.reentrant = true
  function a.on:wait() troupe.sleep(1) end
  function a.on:shrink() troupe.hibernate() end
  return a]] }
local after = {}
for round = 1, 10 do
  for _ = 1, 300 do crowd:tell "wait" end
  repeat troupe.sleep(1) local i = crowd:info() until i.tasks == 0 and i.queued == 0
  crowd:ask "shrink"
  after[round] = crowd:info().memory_bytes
end
assert(after[10] < after[3] + 200000, after[10] .. " " .. after[3]) -- 4 MB more if they stayed

-- process style: when it waits
local before = {}
for i = 1, 20000 do before[i] = { i } end
before = nil
assert(troupe.info().memory_bytes > 500000)
troupe.hibernate()
assert(troupe.info().memory_bytes > 500000) -- not yet
troupe.sleep(1)
assert(troupe.info().memory_bytes < 200000, troupe.info().memory_bytes)

-- who is gone, who may not ask, where one cannot wait
eater:stop()
local ok, e = pcall(eater.info, eater)
assert(not ok and e.code == "noproc", tostring(e))
local nothing, err = eater:try_info()
assert(nothing == nil and err.code == "noproc")
ok, e = pcall(function() c:restrict { "tell", "ask" }:info() end)
assert(not ok and e.code == "denied")
nothing, err = c:restrict { "tell" }:try_info()
assert(nothing == nil and err.code == "denied")
ok, e = pcall(function() table.sort({ 2, 1 }, function() c:info() end) end)
assert(not ok and tostring(e):find "cannot wait")
