local troupe = require "troupe"
local idle = troupe.actor "idle"
function idle:init() troupe.call("console", { text = "ready" }) end
function idle:terminate(reason) troupe.call("console", { text = "stopped: " .. reason.class }) end
return idle
