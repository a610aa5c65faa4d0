-- attack: messages of kinds and payloads that the receiver has no handler for
-- allowed: normal
-- limits: cpu_ms_per_message=2000
-- grants: spawn=1
local troupe = require "troupe"
local child = troupe.spawn { source = "local a = require 'troupe'.actor 'a' a.on.x = 5 a.on.y = {} return a" }
for i = 1, 500 do child:tell("kind" .. i, i) end
for _ = 1, 20 do assert(select(2, child:try_ask "none").code == "no_handler") end
local _, e = child:try_ask "x"
assert(e.code == "crashed", tostring(e))
