-- attack: children that take and leave the same name
-- allowed: normal
-- grants: spawn=5 names=flooded
-- limits: cpu_ms_per_message=5000
local troupe = require "troupe"
for _ = 1, 50 do
  local child = troupe.try_spawn { source = "require 'troupe'.receive()", name = "flooded" }
  local second, e = troupe.try_spawn { source = "return", name = "flooded" }
  if child then
    assert(second == nil and e.code == "already_registered", tostring(e))
    child:stop()
  end
end
