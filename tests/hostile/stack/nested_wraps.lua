-- attack: coroutines inside coroutines until there are no more levels
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local deepest = 0
local function nest(n)
  deepest = n
  return coroutine.wrap(function() return nest(n + 1) end)()
end
local ok, e = pcall(nest, 1)
assert(not ok and deepest > 50, e)
