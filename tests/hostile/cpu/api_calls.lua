-- attack: cheap calls of the runtime, as many as possible
-- allowed: cpu_limit
local troupe = require "troupe"
while true do
  troupe.now_ms()
  troupe.self()
  troupe.from()
end
