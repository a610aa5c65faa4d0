-- attack: two coroutines that switch without end
-- allowed: cpu_limit
local a = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do a() end
