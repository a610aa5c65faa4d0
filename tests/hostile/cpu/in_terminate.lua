-- attack: told to stop, it computes for ever in terminate
-- allowed: cpu_limit survives
-- limits: shutdown_ms=30000
local troupe = require "troupe"
local a = troupe.actor "a"
function a:terminate() while true do pcall(function() while true do end end) end end
return a
