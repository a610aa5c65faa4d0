-- attack: more lines than the quota, in all sizes
-- allowed: normal
-- limits: log_bytes_per_s=2000 cpu_ms_per_message=2000
local troupe = require "troupe"
for i = 1, 300 do
  print(i)
  troupe.log.warn("")
  troupe.log.info(("x"):rep(100000))
end
