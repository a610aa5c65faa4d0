-- attack: a __tostring that asks for its own text
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local t
t = setmetatable({}, { __tostring = function() return tostring(t) end })
assert(not pcall(tostring, t))
assert(not pcall(print, t))
assert(not pcall(string.format, "%s", t))
