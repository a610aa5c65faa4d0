-- attack: actors that ask one another in a ring
-- allowed: normal
-- grants: spawn=3
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local source = [[
  local troupe = require "troupe"
  local a = troupe.actor "a"
  function a.on:know(other) self.other = other end
  function a.on:go() return self.other:with { timeout_ms = 20 }:ask "go" end
  return a]]
local first, second = troupe.spawn { source = source }, troupe.spawn { source = source }
first:tell("know", second)
second:tell("know", first)
local v, e = first:with { timeout_ms = 30 }:try_ask "go"
assert(v == nil and e.code, tostring(e))
v, e = troupe.self():try_ask "go"
assert(v == nil and e.code == "would_deadlock", tostring(e))
