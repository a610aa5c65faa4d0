-- attack: the init of a behaviour never ends
-- allowed: cpu_limit
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() while true do end end
return a
