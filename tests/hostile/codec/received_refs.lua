-- attack: refs sent in numbers, to itself and back, as values in tables
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me = troupe.self()
local refs = {}
for i = 1, 5000 do refs[i] = i % 2 == 0 and me or me:restrict { "tell" } end
assert(me:tell("refs", refs, refs))
local msg = troupe.receive { timeout_ms = 1000 }
for i = 1, 5000 do assert(msg[1][i] == me) end
