-- attack: the function of a timer never ends
-- allowed: cpu_limit
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() troupe.after(1, function() while true do end end) end
return a
