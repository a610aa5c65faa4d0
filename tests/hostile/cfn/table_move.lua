-- attack: moving 2^60 elements that do not exist
-- allowed: cpu_limit
return table.move({}, 1, 1 << 60, 2)
