-- Calls: values, failures, permissions.
local troupe = require "troupe"
local v = troupe.call("echo", { 1, a = { b = 2.0 }, "x" })
assert(v[1] == 1 and v[2] == "x" and v.a.b == 2.0)
assert(troupe.call("echo", nil) == nil and troupe.call "echo" == nil and troupe.call("echo", "text") == "text")
assert(troupe.try_call("echo", 5, { timeout_ms = 1000 }) == 5)
local e
v, e = troupe.try_call("broken", 1)
assert(v == nil and e.code == "E_BROKEN" and e.message == "it is broken" and e.tool == "broken", tostring(e))
assert(e.outcome == "permanent" and e.attempts == 1 and e.retryable == false)
assert(tostring(e) == "E_BROKEN: it is broken", tostring(e))
local ok, raised = pcall(troupe.call, "broken")
assert(not ok and raised.code == "E_BROKEN")
assert(select(2, troupe.try_call "missing").code == "not_found")
assert(select(2, troupe.try_call "forbidden").code == "denied") -- there is one, but not for this script
assert(not pcall(troupe.call, 5) and not pcall(troupe.call, "echo", print) and not pcall(troupe.call, "echo", 1, { ms = 1 }))
assert(coroutine.wrap(function() return troupe.call("echo", 3) end)() == 3)
