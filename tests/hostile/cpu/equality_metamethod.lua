-- attack: an endless __eq
-- allowed: cpu_limit
local mt = { __eq = function() while true do end end }
return setmetatable({}, mt) == setmetatable({}, mt)
