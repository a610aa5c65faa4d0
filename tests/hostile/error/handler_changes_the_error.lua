-- attack: message handlers that return, raise and wait
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
assert(select("#", xpcall(error, function() return 1, 2, 3 end)) == 2)
local ok, e = xpcall(error, function() troupe.sleep(1) end)
assert(not ok)
ok, e = xpcall(error, function() troupe.exit "normal" end)
assert(not ok)
