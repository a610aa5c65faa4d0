-- attack: kinds and refs of wrong types, asks where nothing can wait, asks of the asker
-- allowed: normal
-- grants: spawn=2
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me = troupe.self()
for _, kind in ipairs { 1, {}, true, "", ("k"):rep(65), "a\0", print, 0 / 0, troupe.signals.down } do
  assert(not pcall(me.tell, me, kind) and not pcall(me.ask, me, kind) and not pcall(me.try_ask, me, kind))
end
assert(not pcall(me.tell, me) and not pcall(me.tell) and not pcall(me.ask))
for _, f in ipairs { function() me:ask "x" end, function() troupe.sleep(0) end, function() troupe.call("echo", {}) end,
                     function() troupe.receive {} end, function() coroutine.yield() end } do
  assert(not pcall(table.sort, { 2, 1 }, f))
  assert(not pcall(string.gsub, "x", "x", f))
  assert(not pcall(tostring, setmetatable({}, { __tostring = f })))
  assert(not pcall(load, f))
end
local v, e = me:try_ask "x"
assert(v == nil and e.code == "would_deadlock")
me:with({ wait_ms = 0, priority = "high" }):tell "x"
assert(not pcall(me.with, me, { priority = "highest" }) and not pcall(me.with, me) and not pcall(me.with, me, { x = 1 }))
assert(me:with {} == me and me ~= me.tell)
