-- attack: told to stop, it sleeps for ever in terminate
-- allowed: killed survives
local troupe = require "troupe"
local a = troupe.actor "a"
function a:terminate() while true do troupe.sleep(1) end end
return a
