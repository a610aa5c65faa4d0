-- attack: a traversal with next that is begun again and again
-- allowed: cpu_limit
local t = { 1, 2, 3, a = 1 }
local k
while true do k = next(t, k) end
