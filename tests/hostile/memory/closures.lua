-- attack: closures and their variables
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local f
while true do
  local g, x = f, {}
  f = function() return g, x end
end
