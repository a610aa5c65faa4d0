-- attack: the end it has asked for is swallowed by pcall in a loop
-- allowed: normal
local troupe = require "troupe"
while true do
  pcall(function() coroutine.wrap(function() pcall(troupe.exit, "normal") end)() end)
end
