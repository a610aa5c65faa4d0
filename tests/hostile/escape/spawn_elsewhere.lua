-- attack: scripts outside of the script's folder
-- allowed: normal
-- grants: spawn=5
local troupe = require "troupe"
for _, script in ipairs { "../outside.lua", "/etc/passwd", "link.lua", "a/../../outside.lua", "", "\0", ".",
                          ("x/"):rep(3000), "note.txt/../../outside.lua" } do
  local ok, ref, e = pcall(troupe.try_spawn, { script = script })
  assert(not ok or ref == nil, script)
  assert(not tostring(e):find "xyzzy" and not tostring(ref):find "xyzzy")
end
