-- attack: tables nested one level deeper than allowed, and a hundred thousand
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me = troupe.self()
local function nest(n)
  local t = {}
  for _ = 1, n do t = { t } end
  return t
end
for _, n in ipairs { 32, 33, 100, 50000 } do
  local ok, sent, code = pcall(me.tell, me, "x", nest(n))
  assert(not ok or not sent, n)
  assert(not pcall(troupe.json.encode, nest(n)), n)
end
assert(me:tell("x", nest(28)))
assert(troupe.receive { timeout_ms = 1000 })
