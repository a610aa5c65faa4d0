-- attack: each message sends two more, so that the actor never idles and no callback is long
-- allowed: survives shutdown
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() troupe.self():tell "go" end
function a.on:go()
  local me = troupe.self():with { wait_ms = 0 }
  me:tell "go"
  me:tell "go"
end
return a
