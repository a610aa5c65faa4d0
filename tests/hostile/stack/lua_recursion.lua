-- attack: recursion in Lua with large frames, until Lua's own stack is full
-- allowed: init_failed
-- limits: memory_bytes=67108864 cpu_ms_per_message=5000
-- expect: stack overflow
local names = {}
for i = 1, 180 do names[i] = "x" .. i end
local source = "local f function f() local " .. table.concat(names, ",") .. " = 1 return 1 + f() end return f()"
load(source)()
