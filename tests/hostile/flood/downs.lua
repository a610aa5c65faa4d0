-- attack: a crowd of children that end at once, all of them monitored
-- allowed: normal
-- grants: spawn=100
-- limits: cpu_ms_per_message=5000
local troupe = require "troupe"
local n = 0
for _ = 1, 100 do
  local child, monitor = troupe.try_spawn { source = "require 'troupe'.receive()", monitor = true }
  child:tell "end"
  n = n + (monitor and 1 or 0)
end
for _ = 1, n do assert(troupe.receive { kinds = { troupe.signals.down }, timeout_ms = 10000 }) end
assert(troupe.receive { kinds = { troupe.signals.down }, timeout_ms = 5 } == nil)
