-- attack: spawning without permission
-- allowed: normal
local troupe = require "troupe"
local child, e = troupe.try_spawn { source = "return" }
assert(child == nil and e.code == "limit")
assert(not pcall(troupe.spawn, { source = "return" }))
