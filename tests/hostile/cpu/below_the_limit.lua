-- attack: computes for just less than its limit in each message, without end
-- allowed: survives shutdown cpu_limit
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() troupe.self():tell "go" end
function a.on:go()
  troupe.self():tell "go"
  local begin = os.clock()
  while os.clock() - begin < 0.01 do end
end
return a
