-- Process style: selective receive, order, replies, timeouts.
local troupe = require "troupe"
local me = troupe.self()

-- order, and kinds that are left in the mailbox
for _, k in ipairs { "a", "b", "c", "b", "a" } do assert(me:tell(k, k)) end
local function take(...)
  local m = troupe.receive { kinds = { ... }, timeout_ms = 0 }
  return m and m.kind
end
assert(take "c" == "c")
assert(take("b", "x") == "b")
assert(take "c" == nil)
local got = {}
while true do
  local m = troupe.receive { timeout_ms = 0 }
  if not m then break end
  assert(m[1] == m.kind and m.n == 1 and m.from == me)
  got[#got + 1] = m.kind
end
assert(table.concat(got) == "aba", table.concat(got))

-- timeouts
local before = troupe.now_ms()
assert(troupe.receive { timeout_ms = 20 } == nil)
assert(troupe.now_ms() - before >= 20)

-- replies
local asker = troupe.spawn { source = [[
  local troupe = require "troupe"
  local to = ...
  local results = {}
  results[1] = to:ask("one", 1)
  results[2] = select(2, to:try_ask "two").code
  results[3] = select(2, to:try_ask "three").code
  results[4] = select(2, to:try_ask "four").code
  results[5] = select(2, to:try_ask "five").message
  to:tell("results", results)
]], args = me, monitor = true }
local m = troupe.receive { kinds = { "one" } }
assert(m.from == asker and m.ask and m:reply(m[1] + 1) == true and m:reply(3) == false)
m = troupe.receive { kinds = { "two" } }
m = nil
for _ = 1, 20000 do local garbage = {} end -- the handle is collected: a broken promise
troupe.sleep(1)
m = troupe.receive { kinds = { "three" } }
assert(m.ask:error("limit", "enough") == true and m.ask:error "limit" == false)
m = troupe.receive { kinds = { "four" } }
m.ask:error("E_OWN", "my own")
m = troupe.receive { kinds = { "five" } }
m.ask:error("E_OWN", "my own text")
m = troupe.receive { kinds = { "results" }, timeout_ms = 1000 }
local r = m[1]
assert(r[1] == 2 and r[2] == "broken_promise" and r[3] == "limit" and r[4] == "E_OWN" and r[5] == "my own text",
  table.concat(r, " "))
assert(m:reply(1) == false and m.ask == nil)
m = troupe.receive { kinds = { troupe.signals.down } }
assert(m[1] == asker and m[2].class == "normal")
assert(require "troupe.signals" .down == troupe.signals.down and tostring(troupe.signals.down) == "signal<down>")

-- a signal cannot be forged by a kind of the same name
me:tell "down"
me:tell(tostring(troupe.signals.down))
assert(take(troupe.signals.down) == nil and take "down" == "down" and take "signal<down>" == "signal<down>")
assert(not pcall(me.tell, me, troupe.signals.down))
assert(not pcall(me.tell, me, "x", troupe.signals.down))

-- messages that wait are not lost while something else waits
me:tell "early"
troupe.sleep(5)
troupe.after(1, function() end)
troupe.sleep(5)
assert(take "early" == "early")

-- receive inside coroutines and pcall; two tasks that receive
local co = coroutine.wrap(function() return select(2, pcall(function() return troupe.receive().kind end)) end)
me:tell "nested"
assert(co() == "nested")
local second
troupe.after(0, function() second = troupe.receive { kinds = { "second" } }.kind end)
troupe.after(1, function() me:tell "second" me:tell "first" end)
assert(troupe.receive { kinds = { "first" } }.kind == "first")
troupe.sleep(1)
assert(second == "second")

-- misuse
for pattern, options in pairs {
  ["unknown option 'kind'"] = { kind = "a" },
  ["unknown option 'timeout_ms'"] = { ["timeout_ms\0x"] = 1 },
  ["'kinds' must name at least one"] = { kinds = {} },
  ["entry 2 is neither"] = { kinds = { "a", 5 } },
  ["'kinds' must be a list"] = { kinds = "a" },
  ["'timeout_ms' must be an integral"] = { timeout_ms = "soon" },
} do
  local ok, e = pcall(troupe.receive, options)
  assert(not ok and e:find(pattern), e)
end

-- a message for which the receiver has no room is refused; it neither ends it nor comes without its arguments
do
  local big = {}
  for i = 1, 400000 do big[i] = i % 2 == 0 end
  for mib = 2, 18, 2 do
    local small = troupe.spawn { limits = { memory_bytes = mib << 20 }, source = [[
      local troupe, seen = require "troupe"
      while true do
        local m = troupe.receive { timeout_ms = 60000 }
        if not m or m.kind == "end" then break end
        if m.kind == "big" then seen = m.n else m:reply { seen } end
      end]] }
    assert(small:tell("big", table.unpack(big)))
    local n = small:ask "seen" [1]
    assert(n == nil or n == #big, n)
    local ok, e = small:try_ask("seen", table.unpack(big))
    assert(ok or e.code == "too_big", e)
    small:tell "end"
  end
end
