-- attack: the error has happened; closing the variable never ends
-- allowed: cpu_limit
local x <close> = setmetatable({}, { __close = function() while true do end end })
error "on the way out"
