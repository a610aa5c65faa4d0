-- attack: closing a variable takes all memory
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local x <close> = setmetatable({}, { __close = function()
  local t = {}
  while true do t = { t, t } end
end })
