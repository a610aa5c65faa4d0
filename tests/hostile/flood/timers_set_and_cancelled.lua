-- attack: timers that are set and cancelled without end
-- allowed: cpu_limit
local troupe = require "troupe"
while true do
  local t = troupe.after(60000, print)
  assert(t:cancel() and not t:cancel())
end
