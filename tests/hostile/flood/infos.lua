-- attack: questions about a busy, a full, a dead and its own actor, as fast as they are answered
-- allowed: cpu_limit survives shutdown
-- grants: names=* spawn=1
local troupe = require "troupe"
local sink, stone = troupe.whereis "sink", troupe.whereis "stone"
local dead = troupe.spawn { source = "return" }
while dead:kill() do troupe.sleep(1) end
while true do
  sink:info()
  stone:info()
  troupe.info()
  assert(not dead:try_info())
end
