-- attack: comparing never ends, from a C function too
-- allowed: cpu_limit
local t = setmetatable({}, { __lt = function() while true do end end })
table.sort { t, t, t }
