-- attack: hands messages on twice, in circles, back to who waits, and with nothing in hand
-- allowed: normal
-- grants: spawn=1
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local child = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "a"
  function a.on:junk()
    for _, x in ipairs { 1, "x", {}, print, true } do assert(not pcall(troupe.forward, x)) end
    assert(not pcall(troupe.forward))
    return "untouched"
  end
  function a.on:twice()
    if self.seen then return "second" end
    self.seen = true
    assert(troupe.forward(troupe.self()) == true)
    assert(not pcall(troupe.forward, troupe.self()) and not pcall(troupe.reply_later))
    return "first"
  end
  function a.on:round() troupe.forward(troupe.self()) end
  function a.on:back() return troupe.forward(troupe.from()) end
  function a.on:denied() return troupe.forward(troupe.self():restrict {}) == false and "kept" end
  return a]] }
assert(not pcall(troupe.forward, child))
assert(child:ask "junk" == "untouched")
assert(child:ask "twice" == "second")
local v, e = child:with { timeout_ms = 50 }:try_ask "round"
assert(v == nil and (e.code == "timeout" or e.code == "expired"), tostring(e)) -- whoever sees it first
v, e = child:try_ask "back"
assert(v == nil and e.code == "would_deadlock", tostring(e))
assert(child:ask "denied" == "kept")
