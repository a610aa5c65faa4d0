-- attack: hundreds of timers whose functions raise at the same moment
-- allowed: error
-- expect: tick
local troupe = require "troupe"
local a = troupe.actor("a", { reentrant = true })
function a:init()
  for i = 1, 300 do troupe.after(5, function() error("tick " .. i) end) end
end
return a
