-- attack: a handler asks for the end, swallows that and computes on; terminate waits for it
-- allowed: normal cpu_limit
-- limits: shutdown_ms=30000
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() troupe.self():tell "go" end
function a.on:go()
  pcall(string.gsub, "x", "x", function() troupe.exit "normal" end)
  local begin = os.clock()
  while os.clock() - begin < 0.02 do end
  troupe.sleep(1)
  while true do end
end
function a:terminate() while true do end end
return a
