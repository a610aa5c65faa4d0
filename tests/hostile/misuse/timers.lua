-- attack: timers cancelled twice, from their own function, from others', after they fired
-- allowed: normal
local troupe = require "troupe"
local fired, self_cancel, other = 0, nil, nil
self_cancel = troupe.every(1, function()
  fired = fired + 1
  assert(self_cancel:cancel() and not self_cancel:cancel())
  if other then other:cancel() end
end)
other = troupe.after(60000, function() error "cancelled" end)
local once = troupe.after(0, function() fired = fired + 100 end)
while fired < 101 do troupe.sleep(1) end
assert(fired == 101 and not once:cancel() and not other:cancel() and not self_cancel:cancel(), fired)
assert(not pcall(once.cancel) and not pcall(once.cancel, {}) and not pcall(troupe.after, 1) and not pcall(troupe.after, 1, "f"))
for i = 1, 100 do troupe.after(0, print):cancel() end
