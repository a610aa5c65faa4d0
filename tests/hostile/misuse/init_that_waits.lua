-- attack: every waiting call inside init and in the main chunk, with a start that is too slow
-- allowed: init_timeout init_failed
-- limits: init_timeout_ms=50 cpu_ms_per_message=2000
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init()
  troupe.sleep(1)
  pcall(troupe.call, "echo", { value = 1 })
  assert(not pcall(troupe.receive))
  troupe.self():tell "x"
  pcall(troupe.self().ask, troupe.self(), "x")
  troupe.sleep(60000)
end
function a.on:x() error "a message before init has ended" end
return a
