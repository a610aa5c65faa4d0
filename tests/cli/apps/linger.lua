local troupe = require "troupe"
local linger = troupe.actor "linger"
function linger:init() troupe.call("console", { text = "ready" }) end
function linger:terminate() troupe.sleep(4000) end
return linger
