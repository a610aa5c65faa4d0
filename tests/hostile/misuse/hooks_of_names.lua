-- attack: names of types that are no strings, or would be another line
-- allowed: normal
local troupe = require "troupe"
for _, name in ipairs { 1, {}, true, "a\nb", ("n"):rep(100000), "%s%n", "" } do
  local t = setmetatable({}, { __name = name })
  tostring(t)
  pcall(print, t)
  pcall(troupe.log.info, t, { a = t })
  pcall(string.rep, t)
  pcall(function() return t + 1 end)
  pcall(troupe.self().tell, t)
  pcall(string.format, "%d", t)
  pcall(ipairs)
  pcall(table.concat, { t })
end
