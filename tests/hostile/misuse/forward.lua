-- attack: messages handed on to oneself, to who asked, in circles, twice, late, to nobody and to no ref
-- allowed: normal
-- grants: spawn=3
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
assert(not pcall(troupe.forward, troupe.self()), "no message is being handled")
local source = [[
  local troupe = require "troupe"
  local a = troupe.actor "a"
  function a.on:know(other) self.other = other end
  function a.on:round() return troupe.forward(self.other) end
  function a.on:back() return troupe.forward(troupe.from()) end
  function a.on:own() return troupe.forward(troupe.self()) end
  function a.on:twice() troupe.forward(self.other) return troupe.forward(self.other) end
  function a.on:answered() troupe.reply_later() return troupe.forward(self.other) end
  function a.on:odd()
    for _, x in ipairs { 1, "ref", {}, true, print } do assert(not pcall(troupe.forward, x)) end
    assert(not pcall(troupe.forward))
    return "odd"
  end
  return a]]
local first, second = troupe.spawn { source = source, monitor = true }, troupe.spawn { source = source, monitor = true }
local function put() first:tell("know", second) second:tell("know", first) end
put()
assert(first:ask "odd" == "odd")
local v, e = first:with { timeout_ms = 50 }:try_ask "round" -- for ever, but for its deadline
assert(v == nil and (e.code == "timeout" or e.code == "expired"), e and e.code)
v, e = first:with { timeout_ms = 50 }:try_ask "own"
assert(v == nil and (e.code == "timeout" or e.code == "expired"), e and e.code)
v, e = first:with { timeout_ms = 5000 }:try_ask "back" -- this process takes nothing while it asks
assert(v == nil and e.code == "would_deadlock", e and e.code)
first:tell "twice"
v, e = second:with { timeout_ms = 50 }:try_ask "answered"
assert(v == nil and e.code, tostring(e))
first:kill()
v, e = second:with { timeout_ms = 50 }:try_ask "round"
assert(v == nil and e.code, tostring(e))
