-- attack: stop and kill with wrong options, of itself, of the dead, in a comparator
-- allowed: normal
-- grants: spawn=5
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local child = troupe.spawn { source = "require 'troupe'.receive()" }
for _, options in ipairs { 1, "x", { timeout_ms = -1 }, { nothing = 1 }, { timeout_ms = {} } } do
  assert(not pcall(child.stop, child, options))
end
assert(not pcall(table.sort, { 2, 1 }, function() child:stop() end))
assert(child:stop() == true and child:stop() == true)
local ok, code = child:kill()
assert(not ok and code == "noproc")
assert(select(2, child:tell "x") == "noproc" and select(2, child:try_ask "x").code == "noproc")
assert(tostring(child) == tostring(child) and child == child)
