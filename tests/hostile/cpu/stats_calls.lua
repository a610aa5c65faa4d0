-- attack: the counters of the whole system, read without pause
-- allowed: cpu_limit
local troupe = require "troupe"
while true do troupe.stats() end
