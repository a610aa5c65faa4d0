-- attack: tail calls, which never grow the stack
-- allowed: cpu_limit
local function f() return f() end
f()
