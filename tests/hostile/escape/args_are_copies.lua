-- attack: changing the start arguments and messages after they were given on
-- allowed: normal
-- grants: spawn=2
local troupe = require "troupe"
local me = troupe.self()
local value = { list = { 1, 2 } }
me:tell("x", value)
value.list[1] = "changed"
assert(troupe.receive { timeout_ms = 1000 }[1].list[1] == 1)
local args = { n = 1, me = me }
troupe.spawn { source = "local a = ... a.n = a.n + 1 a.me:tell('n', a.n)", args = args }
local msg = troupe.receive { kinds = { "n" }, timeout_ms = 5000 }
assert(args.n == 1 and msg[1] == 2)
