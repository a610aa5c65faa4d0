-- attack: told to stop, it fails with an object that would never become text
-- allowed: survives shutdown
local troupe = require "troupe"
local a = troupe.actor "a"
function a:terminate() error(setmetatable({}, { __tostring = function() while true do end end })) end
return a
