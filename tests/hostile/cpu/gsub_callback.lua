-- attack: a replacement function without an end, called from C
-- allowed: cpu_limit
local s = string.gsub("x", "x", function() while true do end end)
return s
