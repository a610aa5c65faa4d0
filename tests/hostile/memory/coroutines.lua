-- attack: coroutines with grown stacks
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local all = {}
local function deep(n) if n > 0 then return 1 + deep(n - 1) end return coroutine.yield() end
while true do
  local co = coroutine.create(deep)
  coroutine.resume(co, 100)
  all[#all + 1] = co
end
