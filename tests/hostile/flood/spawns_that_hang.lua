-- attack: children that compute without end, and a parent that then ends
-- allowed: normal
-- grants: spawn=6
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
for _ = 1, 6 do
  troupe.spawn { source = "local t = require 'troupe' t.sleep(1) while true do end", limits = { cpu_ms_per_message = 30 } }
end
troupe.sleep(5)
