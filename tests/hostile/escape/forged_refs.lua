-- attack: tables and other objects in the place of a ref
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
local tell, ask, kill, restrict = me.tell, me.ask, me.kill, me.restrict
local timer, monitor = troupe.after(60000, print), me:monitor()
for _, fake in ipairs { {}, "ref<1.1>", 1, true, print, timer, monitor, troupe.signals.down, troupe.json.null,
                        setmetatable({}, { __name = "troupe.ref", __index = me }),
                        setmetatable({ pid = 1, rights = 15 }, { __eq = function() return true end }) } do
  for _, method in ipairs { tell, ask, kill, restrict, me.with, me.monitor, me.stop, me.try_ask } do
    assert(not pcall(method, fake, "x"))
  end
  assert(me ~= fake)
end
assert(not pcall(timer.cancel, me) and not pcall(timer.cancel, monitor) and not pcall(monitor.cancel, timer))
