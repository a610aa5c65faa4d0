-- attack: told to stop, it takes all memory
-- allowed: memory_limit survives
-- limits: cpu_ms_per_message=5000 shutdown_ms=30000
local troupe = require "troupe"
local a = troupe.actor "a"
function a:terminate()
  local t = {}
  while true do t[#t + 1] = {} end
end
return a
