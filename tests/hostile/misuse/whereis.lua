-- attack: names that are no names
-- allowed: normal
-- grants: names=*
local troupe = require "troupe"
for _, name in ipairs { 1, {}, true, print, troupe.self() } do assert(not pcall(troupe.whereis, name)) end
assert(not pcall(troupe.whereis))
for _, name in ipairs { "", "no such name", "a\0b", ("x"):rep(100000), "\255" } do
  local ok, ref = pcall(troupe.whereis, name)
  assert(not ok or ref == nil)
end
