-- attack: refs used beyond their rights, and rights taken back
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
assert(not pcall(me.kill, me) and not pcall(me.stop, me))
local none = me:restrict {}
assert(select(2, none:tell "x") == "denied" and not pcall(none.ask, none, "x") and not pcall(none.monitor, none))
for _, rights in ipairs { { "stop" }, { "tell", "stop" }, { "kill" }, { 1 }, { {} }, { "tell", "nothing" } } do
  assert(not pcall(me.restrict, me, rights))
  assert(not pcall(none.restrict, none, rights))
end
assert(not pcall(none.restrict, none, { "tell" }))
me:tell("ref", none, { me:restrict { "tell" } })
local msg = troupe.receive { timeout_ms = 1000 }
local teller = msg[2][1]
assert(not pcall(msg[1].ask, msg[1], "x") and not pcall(teller.ask, teller, "x") and teller:tell "y")
assert(not pcall(teller.restrict, teller, { "ask" }))
assert(not pcall(msg.from.kill, msg.from))
