-- attack: children that are spawned and killed without end
-- allowed: cpu_limit survives shutdown
-- grants: spawn=10
local troupe = require "troupe"
while true do
  local child = troupe.try_spawn { source = "require 'troupe'.receive()" }
  if child then child:kill() end
end
