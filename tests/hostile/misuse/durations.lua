-- attack: durations that are negative, no integers, too long or no numbers
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
local bad = { -1, 0.5, 0 / 0, 1 / 0, -1 / 0, math.mininteger, math.maxinteger, 3155760000001, 1 << 60, "x", {}, true, print }
for _, ms in ipairs(bad) do
  assert(not pcall(troupe.sleep, ms), tostring(ms))
  assert(not pcall(troupe.after, ms, print), tostring(ms))
  assert(not pcall(troupe.every, ms, print), tostring(ms))
  assert(not pcall(troupe.idle_after, ms, print), tostring(ms))
  assert(not pcall(troupe.receive, { timeout_ms = ms }), tostring(ms))
  assert(not pcall(me.with, me, { timeout_ms = ms }) and not pcall(me.with, me, { wait_ms = ms }), tostring(ms))
  assert(not pcall(troupe.call, "echo", { value = 1 }, { timeout_ms = ms }), tostring(ms))
end
assert(not pcall(troupe.every, 0, print) and not pcall(troupe.sleep) and not pcall(troupe.sleep, nil))
assert(not pcall(me.with, me, { wait_ms = "infinity" }))
assert(not pcall(me.with, me, { timeout_ms = 4294967295 }) and not pcall(troupe.receive, { timeout_ms = 1 << 40 }))
local far = troupe.after(3155760000000, print)
assert(far:cancel())
