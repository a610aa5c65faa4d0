-- attack: an endless __pairs
-- allowed: cpu_limit
for _ in pairs(setmetatable({}, { __pairs = function() while true do end end })) do end
