-- attack: numeric loops at the ends of the integers and with steps of nothing
-- allowed: normal
local n = 0
for _ = math.maxinteger - 2, math.maxinteger do n = n + 1 end
for _ = math.mininteger + 2, math.mininteger, -1 do n = n + 1 end
for _ = math.mininteger, math.maxinteger, math.maxinteger do n = n + 1 end
for _ = 1, -math.huge do n = n + 1 end
for _ = 1, 0 / 0 do n = n + 1 end
for _ = 3, 1, -math.maxinteger do n = n + 1 end
assert(n == 3 + 3 + 3 + 1, n)
assert(not pcall(function() for _ = 1, 2, 0 do end end))
assert(not pcall(function() for _ = "a", 2 do end end))
