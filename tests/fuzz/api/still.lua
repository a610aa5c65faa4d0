-- What the apps of the fuzz target start: an actor that waits for messages.
local troupe = require "troupe"
local still = troupe.actor "still"
function still.on:ping(...) return ... end
return still
