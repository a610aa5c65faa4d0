-- attack: messages that pretend to be signals, replies and the runtime's own
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
for _, kind in ipairs { "down", "exit", "timer", "kill", "stop", "signal<down>", "\1\2\3", "\255", ("k"):rep(64) } do
  assert(me:tell(kind, me, { class = "normal" }))
  local msg = troupe.receive { timeout_ms = 1000 }
  assert(msg.kind == kind and msg.kind ~= troupe.signals.down and msg.from == me)
end
for _, kind in ipairs { "", "a\0b", ("k"):rep(65) } do assert(not pcall(me.tell, me, kind)) end
assert(troupe.receive { kinds = { troupe.signals.down }, timeout_ms = 1 } == nil)
local msg = setmetatable({ ask = {} }, { __index = { from = me } })
me:tell("x", msg)
local got = troupe.receive { timeout_ms = 1000 }
assert(got[1].from == nil and getmetatable(got[1]) == nil)
assert(not got.reply({ ask = me }) and not got.reply({ ask = troupe.signals.down }))
