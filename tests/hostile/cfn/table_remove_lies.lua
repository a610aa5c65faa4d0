-- attack: removing the first of 2^60 elements
-- allowed: cpu_limit
table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)
