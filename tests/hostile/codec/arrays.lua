-- attack: the mark of lists on tables that are none, and on everything else
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
for _, x in ipairs { 1, "x", true, print, me } do assert(not pcall(troupe.array, x)) end
assert(not pcall(troupe.array, setmetatable({}, {})))
for _, t in ipairs { {}, { a = 1 }, { [2] = 2 }, { 1, 2, nil, 4 }, troupe.array { 1, x = 2 }, troupe.array() } do
  local ok = pcall(troupe.array, t)
  local sent, code = pcall(me.tell, me, "x", t)
  assert(ok or sent or code)
end
local a = troupe.array {}
assert(getmetatable(a) == false or getmetatable(a) ~= nil)
assert(not pcall(setmetatable, a, {}) or true)
