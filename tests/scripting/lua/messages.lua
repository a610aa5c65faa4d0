-- What arrives is what was sent; refs keep their rights on the way.
local troupe = require "troupe"
local echo = troupe.spawn { script = "counter.lua" }

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return rawequal(a, b) and math.type(a) == math.type(b) end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end
for _, v in ipairs {
  1, -1, 0, 1.5, 2.0, "", "text", ("\0\255"):rep(100), true, false, {}, { 1, 2, 3 }, { a = 1, b = { c = "d" } },
  { { {} } }, math.maxinteger, math.mininteger, math.huge, -math.huge, { [1] = "a", [3] = "c" }, { [true] = 1 },
} do
  assert(same(echo:ask("echo", v), { n = 1, v }), tostring(v))
end
assert(echo:ask("echo").n == 0 and echo:ask("echo", nil).n == 1 and echo:ask("echo", 1, nil, nil).n == 3)
assert(echo:ask("slow", 0, nil) == nil and echo:ask("slow", 0, false) == false)
assert(same(echo:ask("slow", 1, { x = 1.0 }), { x = 1.0 }))

-- refs, also inside tables, as keys of tables there, and through a third actor
local back = echo:ask("slow", 0, echo)
assert(back == echo and rawequal(back, echo))
local weak = echo:ask("slow", 0, { ref = echo:restrict { "tell" } }).ref
assert(weak == echo and not pcall(weak.ask, weak, "get") and weak:tell("add", 0))
assert(echo:with { timeout_ms = 1 } == echo)
local other = troupe.spawn { script = "counter.lua", args = { start = 40 } }
assert(echo:ask("ask", other, "add", 2) == 42)
assert(echo:ask("ask", other, "from") == echo)
local by_ref = { [echo] = "echo", [other] = "other" }
assert(by_ref[echo:ask("slow", 0, other)] == "other" and by_ref[other:ask("slow", 0, echo)] == "echo")

-- arrays
assert(getmetatable(troupe.array {}) == false or getmetatable(troupe.array {}) ~= nil)
assert(#echo:ask("slow", 0, troupe.array { 1, 2 }) == 2)
assert(not pcall(troupe.array, setmetatable({}, {})) and not pcall(troupe.array, 5))

-- limits: what is refused is counted, as sent and as a dead letter
local before = troupe.stats()
local ok, e = pcall(echo.ask, echo, "add", ("x"):rep(2 << 20))
assert(not ok and e.code == "too_big", tostring(e))
local told, why = echo:tell("add", ("x"):rep(2 << 20))
assert(told == false and why == "too_big")
assert(troupe.stats().dead.too_big == before.dead.too_big + 2 and troupe.stats().sent >= before.sent + 2)
local cycle = {} cycle.c = cycle
assert(not pcall(echo.tell, echo, "x", cycle) or select(2, echo:tell("x", cycle)) == "too_big")
ok, e = pcall(echo.ask, echo, "big", 2 << 20)
assert(not ok and e.code == "reply_too_big" or e.code == "too_big", tostring(e))
local victim = troupe.spawn { script = "counter.lua" }
ok, e = pcall(victim.ask, victim, "bad")
assert(not ok and e.code == "crashed" and e.message:find "cannot send a function", tostring(e))

-- a deadlock is refused at once: A asks B who asks A
local a = troupe.spawn { script = "counter.lua" }
local b = troupe.spawn { script = "counter.lua", monitor = true }
local v, err = a:with { timeout_ms = 200 }:try_ask("ask", b, "ask", a, "get")
assert(v == nil and (err.code == "crashed" or err.code == "timeout"), tostring(err))
