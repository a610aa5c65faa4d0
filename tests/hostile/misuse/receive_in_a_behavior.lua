-- attack: receive in an actor of the other style, in init, handlers and timers
-- allowed: normal
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init()
  assert(not pcall(troupe.receive))
  troupe.self():tell "go"
end
function a.on:go()
  assert(not pcall(troupe.receive, { timeout_ms = 0 }))
  troupe.after(0, function()
    assert(not pcall(troupe.receive))
    troupe.exit()
  end)
end
return a
