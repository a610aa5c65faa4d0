-- attack: actors that fail to start, with long error messages
-- allowed: cpu_limit survives shutdown
-- grants: spawn=10
local troupe = require "troupe"
while true do
  troupe.try_spawn { source = "error(('x'):rep(100000))" }
  troupe.try_spawn { source = "return return" }
end
