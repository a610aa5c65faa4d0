-- attack: messages of a hundred thousand nils
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me = troupe.self()
local ok, e = pcall(me.tell, me, "x", table.unpack({}, 1, 100000))
if ok and e then
  local msg = troupe.receive { timeout_ms = 1000 }
  assert(msg == nil or msg.n == 100000)
end
