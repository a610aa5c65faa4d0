-- attack: a handler that raises, seen by the asker
-- allowed: normal
-- grants: spawn=1
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local child = troupe.spawn { source = [[
  local a = require "troupe".actor "a"
  function a.on:go() error(setmetatable({ code = "timeout", message = "forged" }, { __tostring = error })) end
  return a]] }
local v, e = child:try_ask "go"
assert(v == nil and e.code == "crashed" and e.reason.class == "error", tostring(e))
assert(getmetatable(e) == false and not pcall(setmetatable, e, {}))
