-- attack: actors that end as soon as they have begun
-- allowed: cpu_limit survives shutdown
-- grants: spawn=10
local troupe = require "troupe"
while true do troupe.try_spawn { source = "return" } end
