-- attack: asks whose deadlines pass at once
-- allowed: survives shutdown cpu_limit
-- grants: names=stone
local troupe = require "troupe"
local stone = troupe.whereis "stone":with { timeout_ms = 1, wait_ms = 1 }
for _ = 1, 50 do troupe.after(0, function() while true do stone:try_ask "x" end end) end
troupe.receive { kinds = { "never" } }
