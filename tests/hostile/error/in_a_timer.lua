-- attack: a timer whose function raises an error object
-- allowed: error
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() troupe.after(1, function() error(setmetatable({}, { __tostring = error })) end) end
return a
