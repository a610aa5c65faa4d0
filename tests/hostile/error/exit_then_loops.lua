-- attack: it asks for its end where it cannot wait, swallows that, and computes on
-- allowed: normal cpu_limit
local troupe = require "troupe"
pcall(table.sort, { 2, 1 }, function() troupe.exit "normal" end)
while true do pcall(function() while true do end end) end
