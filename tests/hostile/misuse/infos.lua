-- attack: info without the right, with junk, where nothing can wait, and its answer taken apart
-- allowed: normal
-- grants: spawn=1
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me = troupe.self()
local blind = me:restrict { "tell" }
assert(not pcall(blind.info, blind) and select(2, blind:try_info()).code == "denied")
for _, x in ipairs { 1, "x", {}, print, troupe.signals.down } do assert(not pcall(me.info, x) and not pcall(me.try_info, x)) end
assert(not pcall(me.info))
local own = troupe.info()
for k in pairs(own) do own[k] = "forged" end
assert(troupe.info() ~= own)
local child = troupe.spawn { source = "require 'troupe'.receive()" }
assert(type(child:info()) == "table" and not pcall(table.sort, { 2, 1 }, function() child:info() end))
child:kill()
local v, e = child:try_info()
assert(v or e.code)
