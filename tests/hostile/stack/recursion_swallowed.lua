-- attack: each overflow of the stack is swallowed and tried again
-- allowed: cpu_limit
-- limits: memory_bytes=268435456
local function f() return 1 + f() end
while true do pcall(f) end
