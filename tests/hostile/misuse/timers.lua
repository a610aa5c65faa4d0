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
-- one takes another's place, from its own function too, while its tick is due, under odd keys
local turns = 0
local function again()
  turns = turns + 1
  if turns < 50 then troupe.after(0, again, { key = "k" }) end
end
troupe.after(0, again, { key = "k" })
for _, f in ipairs { troupe.after, troupe.every, troupe.idle_after } do
  for _, key in ipairs { "", "1", ("x"):rep(1000) } do
    for _ = 1, 20 do f(1, function() end, { key = key }) end
    assert(f(60000, print, { key = key }):cancel())
  end
  for _, bad in ipairs { 1, {}, true, "\0" } do assert(not pcall(f, 1, print, { key = bad })) end
end
while turns < 50 do troupe.sleep(1) end
