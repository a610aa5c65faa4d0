-- attack: objects of the runtime, made and dropped as fast as possible
-- allowed: cpu_limit memory_limit
local troupe = require "troupe"
local me = troupe.self()
while true do
  local a = me:with { timeout_ms = 5 }
  local b = me:restrict { "tell" }
  local t = troupe.after(1000, print)
  assert(a == b and t:cancel())
end
