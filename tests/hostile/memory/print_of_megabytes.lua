-- attack: one log line of seven megabytes
-- allowed: normal memory_limit
-- limits: cpu_ms_per_message=5000
local s = ("x"):rep(2500000)
print(s)
print(s, s)
