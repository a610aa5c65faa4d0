-- attack: a busy child is told to stop and to die a thousand times over
-- allowed: normal
-- grants: spawn=2
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local child = troupe.spawn { source = "local t = require 'troupe' t.sleep(0) while true do end",
                             limits = { cpu_ms_per_message = 50 } }
for _ = 1, 1000 do child:kill() end
for _ = 1, 50 do troupe.after(0, function() pcall(child.stop, child, { timeout_ms = 1000 }) end) end
while select(2, child:kill()) ~= "noproc" do troupe.sleep(1) end
