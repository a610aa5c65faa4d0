-- attack: grandchildren that each have the whole budget of their grandparent
-- allowed: normal
-- grants: spawn=4
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local source = [[
  local troupe = require "troupe"
  for _ = 1, 10 do troupe.try_spawn { source = "require 'troupe'.receive()", permissions = { spawn = 0 } } end
  troupe.receive()]]
local before = troupe.stats().actors
local a = troupe.try_spawn { source = source, permissions = { spawn = 4 } }
local b = troupe.try_spawn { source = source, permissions = { spawn = 4 } }
troupe.sleep(20)
local child, e = troupe.try_spawn { source = "return" }
assert(a and child == nil and e.code == "limit", tostring(e))
