-- attack: the compiler is kept busy
-- allowed: cpu_limit
local source = "local x = 1 " .. ("x = x + 1 "):rep(5000)
while true do load(source) end
