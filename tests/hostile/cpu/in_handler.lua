-- attack: the handler of a message never ends
-- allowed: cpu_limit
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() troupe.self():tell "go" end
function a.on:go() while true do pcall(function() while true do end end) end end
return a
