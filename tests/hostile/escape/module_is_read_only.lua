-- attack: changing the runtime's modules and the metatables of its objects
-- allowed: normal
local troupe = require "troupe"
for _, t in ipairs { troupe, troupe.log, troupe.signals } do
  assert(not pcall(function() t.x = 1 end))
  assert(not pcall(setmetatable, t, {}))
  assert(getmetatable(t) == false)
end
for _, x in ipairs { troupe.self(), troupe.signals.down, troupe.after(60000, print), troupe.self():monitor() } do
  assert(getmetatable(x) == false)
  assert(not pcall(function() x.field = 1 end))
  assert(not pcall(rawset, x, 1, 1) and not pcall(rawget, x, 1) and not pcall(rawlen, x))
  assert(not pcall(next, x) and not pcall(function() for _ in pairs(x) do end end))
end
rawset(troupe, "exit", false)
assert(type(require "troupe") == "table")
