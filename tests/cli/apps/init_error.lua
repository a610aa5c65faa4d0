local troupe = require "troupe"
local broken = troupe.actor "broken"
function broken:init() error "cannot start" end
return broken
