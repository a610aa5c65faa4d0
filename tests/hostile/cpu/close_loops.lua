-- attack: a to-be-closed variable that never closes
-- allowed: cpu_limit
local x <close> = setmetatable({}, { __close = function() while true do end end })
