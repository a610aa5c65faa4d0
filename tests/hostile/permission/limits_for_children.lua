-- attack: a child whose limits are wider than its parent's
-- allowed: normal
-- grants: spawn=3
-- limits: cpu_ms_per_message=500
local troupe = require "troupe"
for key, value in pairs { memory_bytes = 1 << 40, cpu_ms_per_message = 501, message_bytes = 1 << 30, log_bytes_per_s = 1 << 30 } do
  local child, e = troupe.try_spawn { source = "return", limits = { [key] = value } }
  assert(child == nil and e.code == "denied", key)
end
for key, value in pairs { memory_bytes = 0, cpu_ms_per_message = -1, message_bytes = 1.5, log_bytes_per_s = "x", nothing = 1 } do
  assert(not pcall(troupe.try_spawn, { source = "return", limits = { [key] = value } }), key)
end
assert(not pcall(troupe.try_spawn, { source = "return", trusted = true }))
assert(not pcall(troupe.try_spawn, { source = "return", detached = true }))
