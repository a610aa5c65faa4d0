-- attack: arguments that double in each call
-- allowed: memory_limit init_failed
-- limits: cpu_ms_per_message=5000
local function f(...)
  local n = select("#", ...)
  return f(table.unpack({ ... }, 1, 2 * n + 1))
end
f()
