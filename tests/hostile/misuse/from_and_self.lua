-- attack: the sender asked for where there is none, kept and used later
-- allowed: normal
-- grants: spawn=1
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
assert(troupe.from() == nil and troupe.from("x", {}) == nil)
local child = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a, kept = troupe.actor "a", nil
  function a.on:keep() kept = troupe.from() end
  function a.on:use() kept:tell "hello" return troupe.from() == kept end
  return a]] }
child:tell "keep"
assert(child:ask "use" == true)
assert(troupe.receive({ timeout_ms = 2000 }).kind == "hello")
