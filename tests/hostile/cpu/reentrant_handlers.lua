-- attack: many handlers of one actor at once, each of which computes
-- allowed: cpu_limit
local troupe = require "troupe"
local a = troupe.actor("a", { reentrant = true })
function a:init() for _ = 1, 40 do troupe.self():tell "go" end end
function a.on:go()
  troupe.sleep(1)
  while true do end
end
return a
