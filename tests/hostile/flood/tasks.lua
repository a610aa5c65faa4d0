-- attack: more tasks than an actor may have, all asleep longer than its stop may take
-- allowed: killed survives
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local a = troupe.actor("a", { reentrant = true })
function a:init() for i = 1, 900 do troupe.self():tell("nap", i) end end
function a.on:nap() troupe.sleep(60000) end
return a
