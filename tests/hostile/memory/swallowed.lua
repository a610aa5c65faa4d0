-- attack: each failure to get memory is swallowed by pcall
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
while true do pcall(string.rep, "x", 1 << 30) end
