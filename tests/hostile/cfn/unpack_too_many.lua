-- attack: unpacking ten million values, again and again
-- allowed: cpu_limit memory_limit
while true do pcall(table.unpack, {}, 1, 10000000) end
