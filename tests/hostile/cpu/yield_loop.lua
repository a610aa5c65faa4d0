-- attack: giving way as often as possible, to look idle
-- allowed: cpu_limit survives shutdown
while true do coroutine.yield() end
