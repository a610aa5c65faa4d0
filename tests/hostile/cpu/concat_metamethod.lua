-- attack: an endless __concat in the middle of a chain
-- allowed: cpu_limit
local t = setmetatable({}, { __concat = function() while true do end end })
return "a" .. "b" .. t .. "c"
