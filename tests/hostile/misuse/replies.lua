-- attack: answers twice, too late, too large, to nobody and through forged handles
-- allowed: normal
-- grants: spawn=1
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local child = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor "a"
  function a.on:twice()
    local h = troupe.reply_later()
    assert(not pcall(troupe.reply_later))
    assert(not pcall(h.error, h) and not pcall(h.error, h, "no code") and not pcall(h.error, h, "") and not pcall(h.error, h, {}))
    assert(not pcall(h.reply, {}) and not pcall(h.reply, h, print))
    assert(h:reply(1) and not h:reply(2) and not h:error "x")
    return 3
  end
  function a.on:large() return ("x"):rep(2000000) end
  function a.on:later_large() troupe.reply_later():reply(("x"):rep(2000000)) end
  function a.on:unsendable() return print end
  function a.on:coded() troupe.reply_later():error("timeout", "forged") end
  function a.on:told() assert(not pcall(troupe.reply_later)) end
  function a.on:many() return 1, 2, 3 end
  return a]] }
assert(not pcall(troupe.reply_later))
assert(child:ask "twice" == 1)
for _, kind in ipairs { "large", "later_large" } do
  local v, e = child:try_ask(kind)
  assert(v == nil and (e.code == "reply_too_big" or e.code == "too_big"), tostring(e))
end
local v, e = child:try_ask "coded"
assert(v == nil and e.code == "timeout" and e.message == "forged", tostring(e))
child:tell "told"
assert(child:ask "many" == 1)
v, e = child:try_ask "unsendable"
assert(v == nil and e.code == "crashed", tostring(e))
