-- What still waits when an actor ends in order has its pending variables closed; after a kill nothing runs.
local troupe = require "troupe"
local me = troupe.self()

local prelude = [[
  local troupe = require "troupe"
  local to = ...
  local function closing(name, f)
    return setmetatable({}, { __close = function(_, e) to:tell("closed", name, e) if f then f() end end })
  end
]]
local function process(source)
  return troupe.spawn { source = prelude .. source, args = me, monitor = true, permissions = { spawn = 5 } }
end
-- the names that were closed, in order, and the class of the end
local function names(_, monitor)
  local list = {}
  while true do
    local m = assert(troupe.receive { kinds = { "closed", troupe.signals.down }, timeout_ms = 5000 })
    if m.kind ~= "closed" then
      assert(monitor)
      return table.concat(list, " "), m[2].class
    end
    list[#list + 1] = m[1]
    assert(m[2] == nil) -- it is no error
  end
end
local function expect(want, class, ref, monitor)
  local got, ended = names(ref, monitor)
  assert(got == want and ended == class, ("%s, %s"):format(got, ended))
end
local function stop(ref, monitor) ref:stop() return ref, monitor end
local function kill(ref, monitor) ref:kill() return ref, monitor end

-- wherever a process waits, and from inside out
expect("b a", "shutdown", stop(process [[
  local a <close>, b = closing "a", 1
  do local b <close> = closing "b" troupe.receive() end]]))
for _, wait in ipairs { "troupe.sleep(1e6)", "to:ask 'never'", "troupe.receive { kinds = { 'x' } }", "troupe.exit 'shutdown'" } do
  expect("a", "shutdown", stop(process("local a <close> = closing 'a' pcall(function() " .. wait .. " end)")))
end
expect("a", "shutdown", stop(process [[ -- its own actors end after that
  local a <close> = closing "a"
  troupe.spawn { source = "require 'troupe'.receive { kinds = { 'y' } }" }:ask "x"]]))

-- in coroutines that wait, resumed or wrapped: the innermost first; those that only yielded are Lua's own business
expect("c b a", "shutdown", stop(process [[
  local idle = coroutine.wrap(function() local x <close> = closing "idle" coroutine.yield() end)
  idle()
  local a <close> = closing "a"
  coroutine.wrap(function()
    local b <close> = closing "b"
    coroutine.resume(coroutine.create(function()
      local c <close> = closing "c"
      pcall(troupe.sleep, 1e6)
    end))
  end)()]]))

-- also the functions of timers, at every end in order
expect("t", "normal", process [[
  local begun
  troupe.after(1, function() local t <close> = closing "t" begun = true troupe.sleep(1e6) end)
  while not begun do troupe.sleep(1) end]])
expect("a t", "error", process [[
  local begun
  troupe.after(1, function() local t <close> = closing "t" begun = true troupe.sleep(1e6) end)
  while not begun do troupe.sleep(1) end
  local a <close> = setmetatable({}, { __close = function(_, e) to:tell("closed", "a") end })
  error "broken"]])

-- code that is being closed cannot wait; its errors are logged and change nothing
expect("b refused a", "shutdown", stop(process [[
  local a <close> = setmetatable({}, { __close = function() to:tell("closed", "a") end })
  local b <close> = closing("b", function()
    local ok, e = pcall(troupe.sleep, 1)
    assert(not ok and e:find "cannot wait here")
    assert(not pcall(coroutine.yield))
    to:tell("closed", "refused")
    error(setmetatable({}, { __tostring = error }))
  end)
  troupe.receive()]]))

-- a kill runs nothing
expect("", "killed", kill(process [[ local a <close> = closing "a" troupe.receive() ]]))

-- a behaviour: its handlers come to their end, then `terminate`; what an early end cuts short is closed after it
local source = prelude .. [[
  local a = troupe.actor("a", { reentrant = true })
  function a:init(where) to = where end
  function a.on:wait(ms) local x <close> = closing "x" troupe.sleep(ms) end
  function a.on:ready() end
  function a.on:fail() error "broken" end
  function a.on:exit() local y <close> = closing "y" troupe.exit "shutdown" end
  function a:terminate() to:tell("closed", "terminate") end
  return a]]
local function behavior(...)
  local ref, monitor = troupe.spawn { source = source, args = me, monitor = true }
  for _, m in ipairs { ... } do
    ref:tell(table.unpack(m))
    if m[1] == "wait" then ref:ask "ready" end -- its handler has begun
  end
  return ref, monitor
end
expect("x terminate", "shutdown", stop(behavior { "wait", 20 }))
expect("terminate x", "error", behavior({ "wait", 1000000 }, { "fail" }))
local ref, monitor = behavior({ "wait", 1000000 }, { "exit" })
local got, class = names(ref, monitor)
assert((got == "terminate x y" or got == "terminate y x") and class == "shutdown", got)
expect("", "killed", kill(behavior { "wait", 1000000 }))
