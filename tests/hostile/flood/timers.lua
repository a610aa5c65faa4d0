-- attack: more timers than there may be, and each ticks every millisecond
-- allowed: survives shutdown cpu_limit
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local n = 0
while pcall(troupe.every, 1, function() end) do n = n + 1 end
assert(n == 1000, n)
troupe.receive { kinds = { "never" } }
