-- attack: calls of tools with wrong names, arguments, options and times
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
for _, name in ipairs { 1, {}, true, print } do assert(not pcall(troupe.call, name) and not pcall(troupe.try_call, name)) end
assert(not pcall(troupe.call) and not pcall(troupe.call, "echo", print) and not pcall(troupe.call, "echo", {}, 1))
assert(not pcall(troupe.call, "echo", {}, { x = 1 }))
assert(troupe.call("echo", {}) == nil)
for _, args in ipairs { 1, "x", true, { 1 }, {} } do pcall(troupe.try_call, "echo", args) end
assert(troupe.call("echo", { value = troupe.self() }) == troupe.self() or true)
local v, e = troupe.try_call("echo", { value = 1 }, { timeout_ms = 1 })
assert(v == 1 or e.code == "timeout", tostring(e))
