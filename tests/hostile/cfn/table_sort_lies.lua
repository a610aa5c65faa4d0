-- attack: sorting a table that says it has two thousand million elements
-- allowed: cpu_limit memory_limit
local t = setmetatable({}, { __len = function() return (1 << 31) - 2 end, __index = function() return 1 end })
table.sort(t)
