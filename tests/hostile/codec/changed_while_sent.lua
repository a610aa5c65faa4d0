-- attack: tables changed by timers and coroutines between encoding and delivery
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
local t = { list = {} }
for i = 1, 100 do t.list[i] = { i } end
for i = 1, 100 do
  me:tell("x", t)
  t.list[i] = nil
  t[i] = t
  t[i] = nil
end
for i = 1, 100 do
  local got = troupe.receive { timeout_ms = 1000 }[1]
  assert(got.list[100][1] == 100 and (i == 100 or got.list[i][1] == i))
end
