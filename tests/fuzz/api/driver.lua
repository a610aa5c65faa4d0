-- Does what bytes say: calls any function that a script can reach, methods of live objects and
-- operators, with arguments from a pool of values that includes earlier results. Everything that
-- can call back (metamethods, handlers, comparators, readers, timers, coroutines) goes on reading
-- the same bytes, so that functions meet each other in the middle of their work.
--
--   first byte   bit 0: behaviour style; bit 1: reentrant
--   the rest     operations; after the last one nothing happens any more
--
-- Its own functions are locals, which no operation can reach.
local bytes = ...
local troupe = require "troupe"
local find = require "fuzz" -- a key of 16 bits -> one of all C functions in reach
local byte, sub, select, pcall, type, next, setmetatable, wrap, create, yield, resume, error, rawset =
  string.byte, string.sub, select, pcall, type, next, setmetatable, coroutine.wrap, coroutine.create,
  coroutine.yield, coroutine.resume, error, rawset

if type(bytes) ~= "string" then bytes = "" end

local OPERATIONS, DEPTH, RECENT = 400, 12, 48
local at, done, depth = 0, 0, 0

local function take()
  at = at + 1
  return byte(bytes, at) or 0
end

local function exhausted() return at >= #bytes or done >= OPERATIONS or depth >= DEPTH end

-- ---- the pool -------------------------------------------------------------------------------

local constants, recent, recent_at = {}, {}, 0
local count = 0

local function constant(v)
  count = count + 1
  constants[count] = v
end

local function remember(v)
  recent_at = recent_at % RECENT + 1
  recent[recent_at] = v
end

-- 0..207: a constant (those past the end are nil), else something that was there before.
local function pick()
  local b = take()
  if b < 208 then return constants[b + 1] end
  return recent[(recent_at - (b - 207)) % RECENT + 1]
end

local function pick_many(n)
  if n == 0 then return end
  return pick(), pick_many(n - 1)
end

local function keep(ok, ...)
  for i = 1, select("#", ...) do
    if i > 3 then break end
    remember((select(i, ...)))
  end
  return ...
end

local run -- does some operations and returns the value of the last

-- What functions are given to call.
local function callback(...)
  keep(true, ...)
  return run(3)
end

-- ---- operations -----------------------------------------------------------------------------

local methods = {
  "tell", "ask", "try_ask", "with", "stop", "kill", "monitor", "restrict", "cancel", "reply", "error",
  "len", "rep", "format", "gsub", "gmatch", "byte", "find",
}
local verbs = { "tell", "ask", "try_ask" }
local kinds = { "ping", "tell", "ask", "down", "stop", "kill", "add", "\0" }
local objects, children -- live userdata; options of spawn

local operators = {
  function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end,
  function(a, b) return a / b end, function(a, b) return a // b end, function(a, b) return a % b end,
  function(a, b) return a ^ b end, function(a, b) return a .. b end, function(a, b) return a == b end,
  function(a, b) return a < b end, function(a, b) return a <= b end, function(a, b) return a & b end,
  function(a, b) return a | b end, function(a, b) return a ~ b end, function(a, b) return a << b end,
  function(a) return -a end, function(a) return ~a end, function(a) return #a end,
  function(a, b) return a[b] end, function(a, b) a[b] = pick() end, function(a, b) return a(b) end,
  function(a, b) for i = a, b, pick() do if i ~= a then break end end end,
  function(a) for k, v in a do keep(true, k, v) break end end,
  function(a, b) local x <close> = a; return b(x) end,
  function(a, b) return a .. b .. a .. pick() end,
}

-- One function with 16 constants as its first argument, and every constant behind and before it. Each
-- of the 16 is a task of its own: one that waits or fails leaves the others their turn.
local function sweep()
  local f, b, first = find(take() << 8 | take()), pick(), take()
  for k = first + 1, first + 16 do
    local a = constants[k]
    pcall(troupe.after, 0, function()
      keep(pcall(f, a))
      keep(pcall(f, a, b, a))
      for i = 1, count do keep(pcall(f, a, constants[i], b)) end
    end)
  end
end

local function call_function(n) return keep(pcall(find(take() << 8 | take()), pick_many(n))) end

local function one_of(list) return list[take() % #list + 1] end

local function call(object, name, ...) return object[name](object, ...) end

local function call_method(n)
  local object = take() < 192 and one_of(objects) or pick()
  return keep(pcall(call, object, one_of(methods), pick_many(n)))
end

-- To the peer, to itself, or to whatever else is a ref.
local function converse(n)
  local to = take() < 128 and objects[2] or pick()
  return keep(pcall(call, to, one_of(verbs), one_of(kinds), pick_many(n)))
end

-- The other side: takes a message, or keeps the one that is being handled, and answers.
local function listen()
  local b = take()
  local filter = b & 8 ~= 0 and { one_of(kinds), troupe.signals.down } or nil
  local _, m = pcall(troupe.receive, { kinds = filter, timeout_ms = b & 7 })
  if type(m) ~= "table" then m = select(2, pcall(troupe.reply_later)) end
  remember(m)
  if take() < 192 then keep(pcall(call, m, "reply", pick())) end
  return m
end

local function spawn_child()
  local ok, ref = pcall(troupe.spawn, one_of(children))
  if ok then objects[#objects + 1] = ref end
  return ref
end

local function operate()
  return keep(pcall(operators[take() % #operators + 1], pick(), pick()))
end

local function call_any(n) return keep(pcall(pick(), pick_many(n))) end

-- Without protection: an error goes where it goes.
local function call_bare(n) return keep(true, find(take() << 8 | take())(pick_many(n))) end

local function build()
  local t = { pick(), pick() }
  local k, v = pick(), pick()
  if k ~= nil and k == k then rawset(t, k, v) end
  local meta = take()
  if meta < 64 then pcall(setmetatable, t, pick()) end
  return t
end

local function start()
  local f = pick()
  local co = create(type(f) == "function" and f or callback)
  keep(resume(co, pick()))
  return co
end

local function step()
  done = done + 1
  local op = take()
  local n = op >> 4 & 3
  op = op & 15
  if op < 4 then return (call_function(n + 1)) end
  if op == 4 then return (call_method(n)) end
  if op == 5 then return (converse(n)) end
  if op == 6 then return listen() end
  if op == 7 then return (spawn_child()) end
  if op == 8 then return (operate()) end
  if op == 9 then return (call_any(n)) end
  if op == 10 then return build() end
  if op == 11 then return start() end
  if op == 12 then return yield(pick()) end
  if op == 13 then return (call_bare(n)) end
  if op == 14 then error(pick()) end
  return sweep()
end

function run(most)
  local value
  depth = depth + 1
  for _ = 1, most do
    if exhausted() then break end
    value = step()
    remember(value)
  end
  depth = depth - 1
  return value
end

-- Errors leave `run` by any way: the depth is set right where the outermost is entered.
local function begin(most, ...)
  depth = 0
  keep(true, ...)
  return run(most)
end

-- ---- the values -----------------------------------------------------------------------------

local function add_numbers()
  for _, v in next, {
    0, 1, -1, 2, 3, 7, 64, 255, 256, 1000, 65535, 1 << 20, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 53,
    math.maxinteger, math.mininteger, math.maxinteger - 1, 0.5, -0.0, 1.0, 3.7, 2.0 ^ 53, 2.0 ^ 63,
    1e308, 5e-324, math.huge, -math.huge, 0 / 0,
  } do constant(v) end
end

local function add_strings()
  for _, v in next, {
    "", "a", "x y", "\0", "a\0b", "\xff\xfe", "é€😀", "\xed\xa0\x80", ("x"):rep(200), ("ab\0"):rep(3000),
    "%s%d%q%5.2f%c%i", "%s", "%q", "%99.99f", "%a%x%u", "%p", "(.-)%1[^a-z]*", "^%b()%f[%w]", "[", "%", "()()()",
    ("(a"):rep(40), ("a?"):rep(12), "!*t", "*t", "!%c %x %G-W%V %j %z %%", "%Ey%Od", "<i4z>d", "s1!8Xj", "i17", "!64",
    "0x10", "1e5", " 10 ", "10n", "return ...", "local x <close> = ... return x", "return _ENV", "\27Lua",
    "n", "k", "v", "kv", "count", "running", "ping", "down", "stop", "kill", "tell", "a", "b",
    "still.lua", "driver.lua", "../still.lua", "still", "troupe", "troupe.json", "normal", "error", "__gc",
    "[[]]", '{"a":[1,2.5,null]}', '{"\\u0000":1}', "1e999", ("["):rep(40), "echo", "broken", "none",
  } do constant(v) end
end

-- Every metamethod reads on. A second one answers with constants, as functions that ask for lengths do.
local function metatables()
  local hostile, lying = {}, {}
  for _, name in next, {
    "__index", "__newindex", "__call", "__len", "__tostring", "__eq", "__lt", "__le", "__concat", "__add",
    "__unm", "__close", "__pairs", "__band", "__shl", "__idiv", "__mod",
  } do
    hostile[name] = callback
    lying[name] = pick
  end
  hostile.__name = 5
  lying.__name = "lying"
  lying.__metatable = hostile
  lying.__mode = "kv"
  return hostile, lying
end

local function add_tables()
  local deep, cycle = {}, {}
  for _ = 1, 40 do deep = { deep } end
  cycle[1], cycle.self = cycle, cycle
  local hostile, lying = metatables()
  local long = {}
  for i = 1, 300 do long[i] = i % 7 end
  for _, v in next, {
    {}, { 1, 2, 3 }, { 3, 1, 2, "x", 1.5 }, { a = 1, b = { 2 } }, { [1.5] = 1, [true] = 2 }, { 1, nil, 3 }, long,
    deep, cycle, setmetatable({}, hostile), setmetatable({ 1, 2, 3 }, lying), hostile, lying,
    setmetatable({}, { __index = setmetatable({}, hostile), __len = 2.5 }), { __gc = callback },
    setmetatable({ 1, 2 }, { __len = function() return 1 << 62 end, __index = function() return "" end }),
    { year = 2024, month = 14, day = -3, hour = 1 << 40, isdst = true }, { "tell" }, { "tell", "stop", "ask", "monitor" },
    { timeout_ms = 5 }, { timeout_ms = 0, wait_ms = 0, priority = "high" }, { kinds = { "ping" }, timeout_ms = 3 },
    { kinds = {} }, { timeout_ms = 1 << 60 }, { reentrant = true },
  } do constant(v) end
end

local function add_children()
  children = {
    { script = "still.lua", name = "still", monitor = true },
    { script = "driver.lua", args = sub(bytes, 2), shutdown_ms = 10, limits = { memory_bytes = 1 << 20 } },
    { source = "local t = require 'troupe' t.sleep(5) error { code = 'x' }", permissions = { names = { "a" }, spawn = 1 } },
    { source = "x = = 1" }, { script = "still.lua", limits = { memory_bytes = 1 << 50 } },
    { script = "still.lua", permissions = { fs = { { root = ".", mode = "rw" } } }, mailbox = { messages = 1, overflow = "fail" } },
  }
  for _, v in next, children do constant(v) end
end

local function add_functions()
  local dead = create(function() end)
  resume(dead)
  local waiting = create(function()
    local x <close> = setmetatable({}, { __close = function() error(pick()) end })
    yield(1)
  end)
  local closing = create(function()
    local x <close> = setmetatable({}, { __close = callback })
    pcall(yield, callback)
    return callback()
  end)
  resume(waiting)
  resume(closing)
  for _, v in next, {
    callback, pick, function(...) return ... end, function() error(pick()) end, function(...) return yield(...) end,
    wrap(callback), create(callback), dead, waiting, closing, coroutine.running(), wrap(function() yield() error(callback) end),
    function(a, b) return callback(a, b) end, _ENV, troupe, string, troupe.log, troupe.signals,
  } do constant(v) end
end

local function add_objects()
  local self, peer = troupe.self(), troupe.whereis "b"
  objects = {
    self, peer, self:restrict { "tell" }, peer:with { timeout_ms = 2, wait_ms = 0 }, self:monitor(), peer:monitor(),
    troupe.after(5, callback), troupe.every(20, function(...) return begin(2, ...) end), troupe.signals.down,
    troupe.json.null, troupe.array {},
  }
  for _, v in next, objects do constant(v) end
end

constant(nil)
constant(false)
constant(true)
add_numbers()
add_strings()
add_tables()
add_children()
add_functions()
add_objects()
constant(nil) -- the last: `count` is the number of them

-- ---- the two styles -------------------------------------------------------------------------

local flags = take()
if flags & 1 == 0 then
  while not exhausted() do pcall(begin, 8) end
  troupe.sleep(100) -- timers, and what others want
  return
end

local driver = troupe.actor("driver", { reentrant = flags & 2 ~= 0 })
local function handler(_, ...) return begin(8, ...) end
setmetatable(driver.on, { __index = function(_, kind)
  remember(kind)
  return handler
end })
driver.signal.down = handler
driver.init = function(...) pcall(handler, ...) end
driver.terminate = handler
return driver
