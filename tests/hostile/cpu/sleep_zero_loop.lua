-- attack: naps of no length
-- allowed: cpu_limit survives shutdown
local troupe = require "troupe"
while true do troupe.sleep(0) end
