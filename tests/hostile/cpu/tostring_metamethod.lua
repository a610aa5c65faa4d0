-- attack: an endless __tostring in tostring and print
-- allowed: cpu_limit
local t = setmetatable({}, { __tostring = function() while true do end end })
print(t, tostring(t))
