-- Waiting in odd places, timers, tasks.
local troupe = require "troupe"
local c = troupe.spawn { script = "counter.lua" }

-- asks inside pcall, coroutines in coroutines, metamethods, iterators, to-be-closed variables
assert(select(2, pcall(c.ask, c, "add", 1)) == 1)
local function deep(n)
  if n == 0 then return c:ask("add", 1) end
  return coroutine.wrap(function() return select(2, pcall(deep, n - 1)) end)()
end
assert(deep(20) == 2)
local gen = coroutine.wrap(function() for _ = 1, 3 do coroutine.yield(c:ask("add", 1)) end end)
local sum = coroutine.wrap(function() local s = 0 for v in gen do s = s + v end return s end)
assert(sum() == 3 + 4 + 5)
local proxy = setmetatable({}, { __index = function(_, k) return c:ask("add", k) end, __call = function() return c:ask "get" end })
assert(proxy[10] == 15 and proxy() == 15)
do
  local x <close> = setmetatable({}, { __close = function() c:ask("add", 1) end })
end
assert(c:ask "get" == 16)
local ok, e = xpcall(function() c:ask("nope") end, function(m) return "handled " .. m.code end)
assert(not ok and e == "handled no_handler")
for i, v in (function() local n = 0 return function() n = n + 1 if n <= 3 then return n, c:ask("add", 1) end end end)() do
  assert(v == 16 + i)
end

-- where nothing can wait
local function cannot(f, ...)
  local good, m = pcall(f, ...)
  assert(not good and tostring(m):find "cannot wait here", tostring(m))
end
cannot(table.sort, { 3, 1, 2 }, function(a, b) c:ask "get" return a < b end)
cannot(string.gsub, "abc", "%w", function() troupe.sleep(1) end)
cannot(tostring, setmetatable({}, { __tostring = function() return troupe.receive { timeout_ms = 1 } end }))
cannot(load, function() c:ask "get" end)
local co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() c:ask "get" end })
  coroutine.yield()
end)
coroutine.resume(co)
ok, e = coroutine.close(co)
assert(not ok and e:find "cannot wait here", e)
cannot(table.sort, { 3, 1, 2 }, function(a, b) -- also not in a coroutine of its own
  local inner, m = coroutine.resume(coroutine.create(function() return c:ask "get" end))
  assert(not inner) error(m, 0)
end)
-- but telling is possible everywhere
table.sort({ 3, 1, 2 }, function(a, b) assert(c:tell("add", 0)) return a < b end)

-- timers
local log = {}
troupe.after(30, function() log[#log + 1] = "30" end)
troupe.after(10, function() log[#log + 1] = "10" troupe.sleep(40) log[#log + 1] = "50" end)
local t = troupe.after(20, function() log[#log + 1] = "never" end)
assert(tostring(t):find "^timer<" and t:cancel() and t:cancel() == false)
local ticks, every = 0, nil
every = troupe.every(10, function(missed)
  assert(math.type(missed) == "integer")
  ticks = ticks + 1
  if ticks == 3 then assert(every:cancel()) end
end)
troupe.sleep(100)
assert(table.concat(log, " ") == "10 30 50", table.concat(log, " "))
assert(ticks == 3)
for _, bad in ipairs { { -1, print }, { 1.5, print }, { "1", print }, { 1 }, { 1, "f" } } do
  assert(not pcall(troupe.after, table.unpack(bad)))
end
assert(not pcall(troupe.every, 0, print))
assert(not pcall(troupe.sleep, -1) and not pcall(troupe.sleep))
local many = {}
ok, e = pcall(function() for i = 1, 2000 do many[i] = troupe.after(1000000, print) end end)
assert(not ok and e.code == "limit", tostring(e))
for _, x in ipairs(many) do x:cancel() end

-- sleeping for no time, and giving way, end
for _ = 1, 100 do troupe.sleep(0) coroutine.yield() end
