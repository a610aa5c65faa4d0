-- attack: hibernation asked for before each nap, so that each nap collects everything
-- allowed: cpu_limit survives shutdown
local troupe = require "troupe"
local keep = {}
for i = 1, 20000 do keep[i] = { i } end
while true do
  troupe.hibernate()
  troupe.sleep(0)
end
