-- attack: as many small frames as fit, which make the tick's hook slow to set
-- allowed: cpu_limit memory_limit
-- limits: memory_bytes=67108864
local function f() return 1 + f() end
f()
