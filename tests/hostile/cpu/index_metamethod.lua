-- attack: reading a field never ends
-- allowed: cpu_limit
local t = setmetatable({}, { __index = function() while true do end end })
return t.x
