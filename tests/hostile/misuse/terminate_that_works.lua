-- attack: terminate that spawns, sends, calls, sets timers and asks for another end
-- allowed: shutdown survives
-- grants: spawn=5
-- limits: cpu_ms_per_message=2000 shutdown_ms=5000
local troupe = require "troupe"
local a = troupe.actor "a"
function a:terminate(reason)
  reason.class = "forged"
  pcall(troupe.spawn, { source = "return" })
  pcall(troupe.self().tell, troupe.self(), "x")
  pcall(troupe.self().ask, troupe.self(), "x")
  pcall(troupe.after, 0, function() error "a timer in terminate" end)
  pcall(troupe.call, "echo", { value = 1 })
  pcall(troupe.sleep, 1)
  pcall(troupe.exit, "error", "again")
  error "and again"
end
return a
