-- Timers: keys, what is left, idle times, ticks that had to wait, very long times.
local troupe = require "troupe"

local function raises(text, f, ...)
  local ok, e = pcall(f, ...)
  assert(not ok and tostring(e):find(text, 1, true), tostring(e))
end

-- cancel says what was left
local t = troupe.after(5000, print)
troupe.sleep(20)
local left = t:cancel()
assert(math.type(left) == "integer" and left > 0 and left <= 4980, left)
assert(t:cancel() == false)
t = troupe.every(1000000, print)
left = t:cancel()
assert(left > 900000 and left <= 1000000, left)

-- a timer takes the place of the one with its key
local log = {}
local function note(x) return function() log[#log + 1] = x end end
local first = troupe.after(20, note "first", { key = "k" })
local second = troupe.after(40, note "second", { key = "k" })
local other = troupe.after(30, note "other", { key = "another" })
assert(first:cancel() == false, "the first is gone, and its handle does not reach the second")
troupe.sleep(60)
assert(table.concat(log, " ") == "other second", table.concat(log, " "))
assert(not second:cancel() and not other:cancel())
troupe.every(10, note "tick", { key = "k" })
troupe.after(10, note "once", { key = "k" }) -- of another sort, but with the same key
troupe.sleep(60)
assert(table.concat(log, " ") == "other second once", table.concat(log, " "))
for i = 1, 5000 do troupe.after(1000000, print, { key = "many" }) end -- one timer
assert(troupe.info().timers == 1)
local last = troupe.after(1000000, print, { key = "many" })
assert(last:cancel() and troupe.info().timers == 0)
assert(troupe.after(1, print, { key = "many" }):cancel(), "a key is free again")
raises("unknown option 'keys' (known: key)", troupe.after, 1, print, { keys = "k" })
raises("option 'key' must be a string", troupe.every, 1, print, { key = 1 })

-- at the limit a key still changes hands
local mine = {}
for i = 1, 999 do mine[i] = troupe.after(1000000, print) end
mine[1000] = troupe.after(1000000, print, { key = "k" })
raises("limit", troupe.after, 1000000, print)
mine[1001] = troupe.after(2000000, print, { key = "k" })
assert(not mine[1000]:cancel())
for i = 1, 999 do assert(mine[i]:cancel()) end
assert(mine[1001]:cancel() > 1000000)

-- years are as good as milliseconds; what nobody can mean is refused
local year = 365 * 24 * 3600 * 1000
for _, n in ipairs { 1, 50, 100 } do
  left = troupe.after(n * year, print):cancel()
  assert(left > n * year - 60000 and left <= n * year, left)
  assert(troupe.every(n * year, print):cancel())
  assert(troupe.idle_after(n * year, print):cancel())
end
for _, f in ipairs { troupe.after, troupe.every, troupe.idle_after } do
  raises("at most 3155760000000 ms (100 years)", f, 101 * year, print)
  raises("at most 3155760000000 ms (100 years)", f, math.maxinteger, print)
end
raises("at most 3155760000000 ms (100 years)", troupe.sleep, math.maxinteger)
raises("an integral number of milliseconds", troupe.after, 0.5, print)
raises("an integral number of milliseconds", troupe.after, 2.0 ^ 80, print)

-- an idle time begins anew with each message, and with nothing else
local idler = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "idler"
  function a:init()
    self.ticks = 0
    troupe.every(7, function() self.ticks = self.ticks + 1 end)
    self.timer = troupe.idle_after(100, function(missed) self.idle = missed end)
  end
  function a.on:poke() return self.idle == nil and self.ticks end
  function a.on:idle() return self.idle, self.timer:cancel() end
  function a.on:wait() troupe.sleep(300) return self.idle == nil end
  return a
]], name = "idler" }
local ticks = 0
for _ = 1, 12 do
  troupe.sleep(30)
  ticks = idler:ask "poke"
  if not ticks then break end -- the machine was slow: nothing to be learnt
end
if ticks then
  assert(ticks > 10)
  assert(idler:ask "wait", "a handler that waits is not idle")
end
troupe.sleep(400)
assert(idler:ask "idle" == 0)
idler:stop()

-- ticks that come while no function may begin are merged and counted
local busy = troupe.spawn { limits = { tasks = 1 }, source = [[
  local troupe = require "troupe"
  local calls, missed = 0, 0
  troupe.after(5, function() troupe.sleep(100) end)
  troupe.every(10, function(m) calls, missed = calls + 1, missed + m end)
  local msg = troupe.receive { kinds = { "result" } }
  msg:reply { calls, missed }
]] }
troupe.sleep(200)
local r = busy:ask "result"
assert(r[1] >= 1 and r[1] + r[2] >= 18, r[1] .. " calls for " .. r[2] .. " missed")
