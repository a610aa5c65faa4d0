-- attack: thousands of to-be-closed variables in frames that all fail
-- allowed: normal
-- limits: cpu_ms_per_message=5000 memory_bytes=67108864
local closed = 0
local mt = { __close = function() closed = closed + 1 error "closing" end }
local function deep(n)
  local x <close> = setmetatable({}, mt)
  if n > 0 then deep(n - 1) end
  error "deep"
end
assert(not pcall(deep, 150))
assert(closed == 151, closed)
