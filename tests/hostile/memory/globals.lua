-- attack: global variables without an end
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
for i = 1, 1 << 40 do _G["name" .. i] = i end
