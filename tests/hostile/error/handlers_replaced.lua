-- attack: an actor that takes its own handlers away while it is running
-- allowed: error
local troupe = require "troupe"
local a = troupe.actor "a"
function a:init() troupe.self():tell "one"; troupe.self():tell "two" end
function a.on:one()
  for k in pairs(a) do a[k] = nil end
  for k in pairs(a.on or {}) do a.on[k] = nil end
  getmetatable(self)
  setmetatable(a, nil)
end
a.on.two = setmetatable({}, { __call = function() error "called" end })
return a
