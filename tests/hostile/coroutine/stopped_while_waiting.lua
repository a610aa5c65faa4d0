-- attack: told to stop while many of its tasks wait, each of which then computes longer than a slice
-- allowed: survives shutdown
-- grants: spawn=1
-- limits: cpu_ms_per_message=2000 shutdown_ms=5000
local troupe = require "troupe"
local a = troupe.actor("a", { reentrant = true })
function a:init()
  self.child = troupe.spawn {
    source = "local t = require 'troupe' local a = t.actor 'a' function a:terminate() t.sleep(60000) end return a",
    shutdown_ms = 200,
  }
  for _ = 1, 10 do troupe.self():tell "go" end
end
function a.on:go()
  pcall(self.child.stop, self.child, { timeout_ms = 60000 })
  local begin = os.clock()
  while os.clock() - begin < 0.01 do end
end
return a
