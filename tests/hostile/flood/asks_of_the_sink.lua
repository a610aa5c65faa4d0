-- attack: a hundred tasks that ask in a loop
-- allowed: survives shutdown cpu_limit
-- grants: names=sink
local troupe = require "troupe"
local sink = troupe.whereis "sink"
for _ = 1, 100 do troupe.after(0, function() while true do sink:try_ask("x", 1) end end) end
troupe.receive { kinds = { "never" } }
