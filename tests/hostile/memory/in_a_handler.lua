-- attack: the handler of a message keeps what it gets; the one that no longer fits is refused
-- allowed: memory_limit survives shutdown
-- limits: cpu_ms_per_message=5000
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() self.kept = {}; troupe.self():tell("more", ("x"):rep(10000)) end
function a.on:more(x)
  self.kept[#self.kept + 1] = x .. #self.kept
  troupe.self():tell("more", x)
end
return a
