-- attack: ipairs over a table that always has one more
-- allowed: cpu_limit
for _ in ipairs(setmetatable({}, { __index = function(_, i) return i end })) do end
