-- attack: tracebacks of a hundred thousand levels
-- allowed: normal
-- limits: cpu_ms_per_message=5000 memory_bytes=67108864
local function deep(n)
  if n > 0 then return 1 + deep(n - 1) end
  assert(#debug.traceback("x") < 10000)
  return 0
end
assert(deep(100000) == 100000)
