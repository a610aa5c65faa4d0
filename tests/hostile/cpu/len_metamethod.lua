-- attack: an endless __len, asked by C functions
-- allowed: cpu_limit
local t = setmetatable({}, { __len = function() while true do end end })
table.insert(t, 1)
