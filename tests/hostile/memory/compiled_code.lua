-- attack: functions compiled and kept
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local all, source = {}, "return {" .. ("'x',"):rep(5000) .. "}"
while true do all[#all + 1] = assert(load(source .. "--" .. #all)) end
