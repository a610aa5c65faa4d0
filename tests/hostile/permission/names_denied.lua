-- attack: looking up and taking names that are not granted
-- allowed: normal
-- grants: names=sink spawn=3
local troupe = require "troupe"
for _, name in ipairs { "vault", "canary", "stone", "*", "va*", "", "sink\0", "Sink", "sink ", ("x"):rep(65) } do
  local ok, ref = pcall(troupe.whereis, name)
  assert(not ok or ref == nil, name)
  local child, e = nil, nil
  ok, child, e = pcall(troupe.try_spawn, { source = "return", name = name })
  assert(not ok or child == nil, name)
end
assert(troupe.whereis "sink")
