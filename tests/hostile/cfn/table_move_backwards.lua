-- attack: the same from the end, over metamethods
-- allowed: cpu_limit memory_limit
local t = setmetatable({}, { __index = function(_, i) return i end, __newindex = function() end })
return table.move(t, 1, math.maxinteger - 1, 2, {})
