-- attack: messages to a slow actor as fast as it takes them
-- allowed: cpu_limit survives shutdown
-- grants: names=sink
local sink = (require "troupe").whereis "sink"
while true do sink:tell("x", ("y"):rep(100)) end
