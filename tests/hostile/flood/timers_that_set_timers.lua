-- attack: each tick sets two more timers
-- allowed: survives shutdown error cpu_limit
-- expect: limit
local troupe = require "troupe"
local function tick()
  troupe.after(0, tick)
  troupe.after(1, tick)
end
tick()
troupe.receive { kinds = { "never" } }
