-- attack: actors with names, options and fields of wrong types
-- allowed: normal
-- grants: spawn=30
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
for _, name in ipairs { 1, {}, true, print } do assert(not pcall(troupe.actor, name)) end
assert(not pcall(troupe.actor) and not pcall(troupe.actor, "a", 1) and not pcall(troupe.actor, "a", { x = 1 }))
for _, source in ipairs {
  "local a = require 'troupe'.actor 'a' a.on = nil return a", "local a = require 'troupe'.actor 'a' a.init = 5 return a",
  "local a = require 'troupe'.actor 'a' a.signal = 'x' return a", "local a = require 'troupe'.actor '' a.name = {} a.init = a return a",
  "local a = require 'troupe'.actor 'a' function a:init() setmetatable(a.on, { __index = error }) error(self) end return a",
} do
  local child, e = troupe.try_spawn { source = source }
  assert(child == nil and e.code == "init_failed", source)
end
local odd = troupe.spawn { source = [[
  local a = require "troupe".actor "a"
  a.on = setmetatable({}, { __index = function(_, kind) return function() return kind end end })
  a.terminate = 5
  a.reentrant = {}
  return a]] }
assert(odd:ask "anything" == "anything")
odd:stop()
