-- attack: children of children of children, each as many as allowed
-- allowed: normal
-- grants: spawn=40
-- limits: cpu_ms_per_message=5000
local troupe = require "troupe"
local source = [[
  local troupe, source = require "troupe", ...
  for _ = 1, 40 do
    if not troupe.try_spawn { source = source, args = source, permissions = { spawn = 40 } } then break end
  end
  troupe.receive()]]
for _ = 1, 40 do
  if not troupe.try_spawn { source = source, args = source, permissions = { spawn = 40 } } then break end
end
troupe.sleep(20)
