-- attack: a busy actor is monitored and no longer monitored without end
-- allowed: cpu_limit memory_limit init_failed
-- grants: names=sink
local sink = (require "troupe").whereis "sink"
while true do sink:monitor():cancel() end
