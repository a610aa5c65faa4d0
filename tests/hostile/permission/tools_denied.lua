-- attack: tools that are not granted, under every spelling
-- allowed: normal
local troupe = require "troupe"
for _, name in ipairs { "console", "Console", "console ", " console", "console\0", "nothing", "", "fs.", ("x"):rep(65) } do
  local ok, value, e = pcall(troupe.try_call, name, { text = "x" })
  assert(not ok or (value == nil and (e.code == "denied" or e.code == "not_found" or e.code == "invalid")), name)
end
local value, e = troupe.try_call("exec", { argv = { "/bin/sh", "-c", "id" } })
assert(value == nil and e.outcome ~= "ok" and e.code, e)
