-- attack: a table of globals whose every access runs code
-- allowed: normal
local troupe, rawset = require "troupe", rawset
local count, p, a = 0, pcall, assert
setmetatable(_G, {
  __index = function() count = count + 1 return nil end,
  __newindex = function() count = count + 1 a(false, "no globals") end,
})
for k in pairs(_G) do if k ~= "_G" then rawset(_G, k, nil) end end
troupe.self():tell "x"
a(troupe.receive { timeout_ms = 1000 }.kind == "x")
a(not p(function() newglobal = 1 end) and count > 0)
