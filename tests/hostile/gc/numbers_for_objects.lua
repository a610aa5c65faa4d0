-- attack: tostring keeps a number for each object it has shown
-- allowed: cpu_limit memory_limit
while true do tostring {} end
