-- attack: the handler of a signal never ends
-- allowed: cpu_limit
-- grants: spawn=1
local troupe = require "troupe"
local a = troupe.actor "a"
function a.on:go() troupe.spawn { source = "return", monitor = true } end
function a.signal:down() while true do end end
function a:init() troupe.self():tell "go" end
return a
