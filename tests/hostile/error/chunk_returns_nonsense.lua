-- attack: chunks that return objects that look like actors
-- allowed: init_failed
local a = (require "troupe").actor "a"
a.on = setmetatable({}, { __index = error })
a.signal = 5
a.init = {}
return a
