-- attack: a string that doubles
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local s = "x"
while true do s = s .. s end
