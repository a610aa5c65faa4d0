-- attack: recursion whose stack is larger than the heap
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local function f() return 1 + f() end
f()
