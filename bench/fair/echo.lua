local troupe = require "troupe"
local echo = troupe.actor "echo"
function echo.on:ping() return true end
return echo
