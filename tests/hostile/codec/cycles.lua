-- attack: tables that contain themselves, directly and far below
-- allowed: normal
local troupe = require "troupe"
local me, t, far = troupe.self(), {}, {}
t.t = t
local at = far
for _ = 1, 20 do at.next = {} at = at.next end
at.next = far
for _, value in ipairs { t, far, { { t } } } do
  local ok, e = pcall(me.tell, me, "x", value)
  assert(not ok or not e)
  assert(not pcall(troupe.json.encode, value))
  local called, v = pcall(troupe.try_call, "echo", { value = value })
  assert(not called or v == nil)
end
assert(troupe.receive { timeout_ms = 0 } == nil)
