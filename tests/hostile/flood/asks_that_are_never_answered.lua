-- attack: as many open asks as possible
-- allowed: survives shutdown
-- grants: names=stone
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local stone = troupe.whereis "stone":with { timeout_ms = "infinity", wait_ms = 0 }
for _ = 1, 900 do troupe.after(0, function() stone:try_ask "x" end) end
troupe.receive { kinds = { "never" } }
