-- attack: joining the same string ten thousand times
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local t, s = {}, ("x"):rep(10000)
for i = 1, 10000 do t[i] = s end
return table.concat(t, s)
