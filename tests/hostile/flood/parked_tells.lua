-- attack: a thousand tasks that wait for room in a mailbox that nobody empties
-- allowed: survives shutdown
-- grants: names=stone
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local stone = troupe.whereis "stone":with { wait_ms = 60000 }
for _ = 1, 900 do troupe.after(0, function() stone:tell("x", ("y"):rep(1000)) end) end
troupe.receive { kinds = { "never" } }
