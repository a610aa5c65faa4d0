-- attack: init of a behaviour raises a hostile object
-- allowed: init_failed
local a = (require "troupe").actor "a"
function a:init() error(setmetatable({}, { __tostring = error, __index = error, __metatable = error })) end
return a
