-- attack: values that cannot be sent, in every place of a message
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
for _, value in ipairs { print, function() end, coroutine.running(), troupe.after(60000, print), me:monitor(),
                         troupe.signals.down } do
  assert(not pcall(me.tell, me, "x", value))
  assert(not pcall(me.tell, me, "x", { a = { value } }))
  assert(not pcall(me.tell, me, "x", { [value] = 1 }))
  pcall(troupe.json.encode, { value })
  assert(not pcall(troupe.try_call, "echo", { value = value }))
end
assert(troupe.receive { timeout_ms = 0 } == nil)
