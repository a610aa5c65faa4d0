-- attack: exit from inside protected calls, comparators, closes and coroutines
-- allowed: normal
local troupe = require "troupe"
local x <close> = setmetatable({}, { __close = function() troupe.exit("error", "closing") end })
pcall(table.sort, { 2, 1 }, function() troupe.exit "normal" end)
error "exit in a comparator must not go on"
