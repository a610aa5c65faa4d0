-- attack: inserting in front of a table that says it has 2^60 elements
-- allowed: cpu_limit
table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, "x")
