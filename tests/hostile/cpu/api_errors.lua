-- attack: misuse of the runtime, swallowed for ever
-- allowed: cpu_limit
local troupe = require "troupe"
while true do
  pcall(troupe.sleep, -1)
  pcall(troupe.self().tell)
end
