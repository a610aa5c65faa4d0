-- attack: error objects of the runtime, taken apart and raised again
-- allowed: error
-- expect: again
local troupe = require "troupe"
local _, e = troupe.try_call("none", {})
for k in pairs(e) do assert(type(k) == "string") end
e.message = nil
assert(tostring(e))
e.message, e.code = {}, {}
assert(tostring(e))
e.code, e.message = "not_found", "again"
error(e)
