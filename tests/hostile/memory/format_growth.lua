-- attack: format doubles what it shows
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local s = "x"
while true do s = string.format("%s%s%q", s, s, s) end
