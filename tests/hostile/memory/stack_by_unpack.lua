-- attack: a stack of a million values
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local t = {}
while true do t[#t + 1] = { table.unpack({}, 1, 900000) } end
