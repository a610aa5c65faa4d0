-- attack: a list without an end
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local t = {}
while true do t[#t + 1] = #t end
