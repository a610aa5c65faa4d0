-- attack: lists with holes that would be large if they were filled
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me = troupe.self()
local t = { 1 }
for i = 1, 62 do t[1 << i] = i end
local ok, sent = pcall(me.tell, me, "x", t)
if ok and sent then
  local got = troupe.receive { timeout_ms = 1000 }[1]
  assert(got[1 << 62] == 62)
end
pcall(troupe.array, t)
pcall(me.tell, me, "x", t)
assert(not pcall(troupe.json.encode, { 1, [1 << 30] = 2 }))
