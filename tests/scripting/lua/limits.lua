-- Every limit under, at and over its value; what the error says; what is counted; and that a child gets no more than its
-- parent has.
local troupe = require "troupe"

local function met(name) return troupe.stats().limits[name] end

--- Spawns a reentrant behaviour whose handlers are the text's, with the upvalues `a`, `troupe` and `code`.
local function make(limits, text, more)
  local spec = more or {}
  spec.limits = limits
  spec.source = [[
    local troupe = require "troupe"
    local a = troupe.actor("limited", { reentrant = true })
    local held = {}
    -- true, or the code and the sentence of the error
    local function try(f, ...)
      local ok, e = pcall(f, ...)
      if ok then return true end
      return { e.code, e.message }
    end
    ]] .. text .. " return a"
  return troupe.spawn(spec)
end

local function is_over(answer, name, value)
  assert(type(answer) == "table" and answer[1] == "limit", tostring(answer))
  assert(answer[2]:find("limits." .. name .. ": no more than " .. value .. " ", 1, true), answer[2])
  assert(answer[2]:find "raise the limit", answer[2])
end

local idle = troupe.spawn { source = "local a = require 'troupe'.actor 'idle' return a" }
local silent = troupe.spawn { source = "require 'troupe'.sleep(1000000)" }

-- timers, sleeps, waits with a timeout
local before = met "timers"
local t = make({ timers = 3 }, [[
  function a.on:after() return try(function() held[#held + 1] = troupe.after(1000000, print) end) end
  function a.on:sleep() return try(troupe.sleep, 1) end
  function a.on:cancel() return table.remove(held):cancel() ~= false end]])
assert(t:ask "after" == true and t:ask "after" == true)
assert(t:ask "sleep" == true, "two timers and a sleep")
assert(t:ask "after" == true)
is_over(t:ask "after", "timers", 3)
is_over(t:ask "sleep", "timers", 3)
assert(met "timers" == before + 2)
assert(t:ask "cancel" == true and t:ask "sleep" == true and t:ask "after" == true)
is_over(t:ask "after", "timers", 3)
t:kill()

-- asks
t = make({ asks = 2 }, [[
  function a.on:ask(to) held[#held + 1] = try(to.ask, to, "x") end
  function a.on:last() return held[#held] end]])
for _ = 1, 2 do t:tell("ask", silent) end
assert(t:ask "last" == nil, "two wait")
t:tell("ask", silent)
is_over(t:ask "last", "asks", 2)
t:kill()

-- monitors; those of ref:stop count as well
t = make({ monitors = 2 }, [[
  function a.on:monitor(ref) return try(function() held[#held + 1] = ref:monitor() end) end
  function a.on:stop(ref) return try(ref.stop, ref) end
  function a.on:cancel() return table.remove(held):cancel() ~= false end]])
assert(t:ask("monitor", idle) == true and t:ask("monitor", idle) == true)
is_over(t:ask("monitor", idle), "monitors", 2)
is_over(t:ask("stop", idle), "monitors", 2)
assert(t:ask "cancel" == true)
for _ = 1, 100 do -- its place is free when the other actor has let go of it
  troupe.sleep(1)
  if t:ask("monitor", idle) == true then break end
end
is_over(t:ask("monitor", idle), "monitors", 2)
t:kill()

-- asks kept for a later answer. A handler that waits needs none of them.
t = make({ reply_handles = 2, tasks = 3 }, [[
  function a.on:keep() held[#held + 1] = troupe.reply_later() end
  function a.on:try_keep() return try(troupe.reply_later) end
  function a.on:answer() return table.remove(held):reply "later" end
  function a.on:sleep() coroutine.yield() troupe.sleep(1) return "slept" end]])
local asker = troupe.spawn { source = [[
  local a = require "troupe".actor("asker", { reentrant = true })
  function a.on:ask(to) self.got = to:ask "keep" end
  function a.on:got() return self.got end
  return a]] }
asker:tell("ask", t)
asker:tell("ask", t)
asker:ask "got"
is_over(t:ask "try_keep", "reply_handles", 2)
assert(t:ask "sleep" == "slept", "a full table of handles ends nobody")
assert(t:ask "answer" == true and asker:ask "got" == "later")
asker:tell("ask", t)
asker:ask "got"
is_over(t:ask "try_keep", "reply_handles", 2)
for _, verb in ipairs { "error", "drop" } do
  local process = troupe.spawn { limits = { reply_handles = 1 }, source = [[
    local troupe = require "troupe"
    local first = troupe.receive()
    local seen = troupe.receive { timeout_ms = 50 }
    assert(seen == nil, "the second is answered by the runtime")
    ]] .. (verb == "error" and "first.ask:error 'mine'" or "first = nil collectgarbage 'count' for i = 1, 1e5 do local x = {} end")
    .. [[ troupe.receive():reply "second"]] }
  local one = troupe.spawn { source = [[
    local troupe = require "troupe"
    local process, me = table.unpack((...))
    local v, e = process:try_ask "m"
    me:tell("one", v or e.code)]], args = { process, troupe.self() } }
  troupe.sleep(10)
  local v, e = process:try_ask "m"
  assert(v == nil and e.code == "limit", tostring(e))
  local m = troupe.receive { kinds = { "one" }, timeout_ms = verb == "drop" and 100 or 10000 }
  assert(m == nil or m[1] == (verb == "error" and "mine" or "broken_promise"), m and m[1])
  process:kill()
  one:kill()
end

-- handlers at work: messages wait, none is lost
before = met "tasks"
t = make({ tasks = 2 }, [[
  local now, most, done = 0, 0, 0
  function a.on:work()
    now = now + 1
    most = math.max(most, now)
    troupe.sleep(5)
    now, done = now - 1, done + 1
  end
  function a.on:result() return { most, done } end]])
for _ = 1, 10 do t:tell "work" end
local r = t:ask "result"
assert(r[1] == 2 and r[2] >= 9 and met "tasks" > before, r[1] .. " " .. r[2])
t:kill()
local ticks = troupe.spawn { limits = { tasks = 2 }, source = [[
  local troupe = require "troupe"
  local me = (...)
  local now, most, done = 0, 0, 0
  local every = troupe.every(1, function()
    now = now + 1
    most = math.max(most, now)
    troupe.sleep(20)
    now, done = now - 1, done + 1
  end)
  troupe.sleep(200)
  every:cancel()
  troupe.sleep(200)
  me:tell("ticks", most, done, now)]], args = troupe.self(), monitor = true }
local m = troupe.receive { kinds = { "ticks" } }
assert(m[1] == 2 and m[2] >= 3 and m[3] == 0, table.concat(m, " "))

-- message_bytes: exact, for messages, replies and arguments
before = met "message_bytes"
t = make({ message_bytes = 400 }, [[
  function a.on:send(to, n) return try(to.ask, to, "x", ("x"):rep(n)) end
  function a.on:tell(to, n) return { to:tell("x", ("x"):rep(n)) } end
  function a.on:deep(to, n)
    local v = 1
    for _ = 1, n do v = { v } end
    return try(to.ask, to, "x", v)
  end
  function a.on:reply(n) return ("x"):rep(n) end]])
local echo = troupe.spawn { source = "local a = require 'troupe'.actor 'e' function a.on:x() end return a" }
assert(t:ask("send", echo, 395) == true and t:ask("send", echo, 396) == true) -- and 1 of the array, 3 of the string
local e = t:ask("send", echo, 397)
assert(e[1] == "too_big" and e[2]:find("limits.message_bytes: no more than 400 bytes", 1, true), e[2])
e = t:ask("tell", echo, 397)
assert(e[1] == false and e[2] == "too_big")
assert(t:ask("deep", echo, 31) == true)
e = t:ask("deep", echo, 32)
assert(e[1] == "too_big" and e[2]:find("32 levels", 1, true))
assert(#t:ask("reply", 397) == 397)
local _, err = t:try_ask("reply", 398)
assert(err.code == "reply_too_big", tostring(err))
assert(met "message_bytes" == before + 4)

-- load_bytes: exact, as text and in pieces
before = met "load_bytes"
t = make({ load_bytes = 20 }, [[
  function a.on:text(n) local f, e = load(("x"):rep(n):gsub("^xx", "--")) return f and true or e end
  function a.on:pieces(n)
    local f, e = load(function() n = n - 1 if n >= 0 then return " " end end)
    return f and true or e
  end]])
for _, how in ipairs { "text", "pieces" } do
  assert(t:ask(how, 19) == true and t:ask(how, 20) == true)
  e = t:ask(how, 21)
  assert(e:find("limits.load_bytes: no more than 20 bytes", 1, true), e)
end
assert(met "load_bytes" == before + 2)
assert(load(("x"):rep(1 << 16):gsub("^xx", "--")) and not load(("x"):rep((1 << 16) + 1):gsub("^xx", "--")))

-- asks that time out
before = met "timeout_ms"
_, err = silent:with { timeout_ms = 5 }:try_ask "x"
assert(err.code == "timeout" and met "timeout_ms" == before + 1)

-- what a child may have: what its parent has, or less
local function nest(name, value, verb)
  local spec = {}
  if name:find "%." then
    local table_name, key = name:match "(.+)%.(.+)"
    spec[table_name] = { [key] = value }
  else
    spec[name] = value
  end
  return spec
end
local narrower = { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "narrow"
  function a.on:try(spec, levels)
    spec = spec or {}
    spec.source, spec.permissions = troupe.args.source, { spawn = 5 }
    spec.args = troupe.args
    local ref, e = troupe.try_spawn(spec)
    if not ref then return { e.code, e.message } end
    if levels == 0 then ref:stop() return true end
    local inner = troupe.args.inner
    local answer = ref:ask("try", inner, levels - 1)
    ref:stop()
    return answer
  end
  return a]] }
local values = {
  ["limits.memory_bytes"] = 1 << 20, ["limits.subtree_memory_bytes"] = 8 << 20,
  ["limits.cpu_ms_per_s"] = 10000,
  ["limits.message_bytes"] = 10000, ["limits.cpu_ms_per_message"] = 1000,
  ["limits.log_bytes_per_s"] = 1000, ["limits.load_bytes"] = 1000,
  ["limits.timers"] = 10, ["limits.asks"] = 10, ["limits.monitors"] = 10, ["limits.reply_handles"] = 10,
  ["limits.calls"] = 10, ["limits.tasks"] = 10, ["mailbox.messages"] = 10, ["mailbox.bytes"] = 100000,
  ["init_timeout_ms"] = 1000, ["shutdown_ms"] = 1000,
}
local wider = met "wider"
local names, refused = {}, 0
for name in pairs(values) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  local value = values[name]
  local function parent(inner)
    local spec = nest(name, value)
    spec.source, spec.permissions = narrower.source, { spawn = 6 }
    spec.args = { source = narrower.source, inner = inner }
    return troupe.spawn(spec)
  end
  local function denied(answer)
    refused = refused + 1
    assert(type(answer) == "table" and answer[1] == "denied", name .. ": " .. tostring(answer))
    assert(answer[2]:find(name .. " is over the spawning actor's own, which is " .. value, 1, true), answer[2])
  end
  local p = parent(nest(name, value + 1))
  assert(p:ask("try", nest(name, value), 0) == true and p:ask("try", nest(name, value - 1), 0) == true)
  denied(p:ask("try", nest(name, value + 1), 0))
  denied(p:ask("try", nil, 1)) -- a child that says nothing has its parent's; its own child may not have more
  denied(p:ask("try", nest(name, value), 1))
  p:stop()
  local ok = parent(nest(name, value))
  assert(ok:ask("try", nil, 1) == true)
  ok:stop()
end
assert(met "wider" == wider + refused)
for _, name in ipairs { "init_timeout_ms", "shutdown_ms" } do
  local spec = nest(name, "infinity")
  spec.source = "return 1"
  _, err = troupe.try_spawn(spec)
  assert(err.code == "denied" and err.message:find(name), tostring(err))
end

-- spawns of a subtree
before = met "spawn"
t = make(nil, [[
  function a.on:spawn() return try(troupe.spawn, { source = "require 'troupe'.sleep(1000000)" }) end]],
  { permissions = { spawn = 2 } })
assert(t:ask "spawn" == true and t:ask "spawn" == true)
r = t:ask "spawn"
assert(r[1] == "limit" and r[2]:find "permissions.spawn" and met "spawn" == before + 1, r[2])

-- source text
before = met "max_source_bytes"
_, err = troupe.try_spawn { source = ("-"):rep((1 << 20) + 1) }
assert(err.code == "script" and err.message:find "at most %d+ bytes" and met "max_source_bytes" == before + 1, tostring(err))
