-- attack: lines with too many, too long and changing fields
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local log = (require "troupe").log
local fields = {}
for i = 1, 64 do fields["f" .. i] = ("v"):rep(10000) end
log.info("x", fields)
fields.one_more = 1
assert(not pcall(log.info, "x", fields))
assert(not pcall(log.info, "x", { 1, 2 }))
assert(not pcall(log.info, "x", "y"))
local t = {}
t.a = setmetatable({}, { __tostring = function() for k in pairs(t) do t[k] = nil end return "gone" end })
t.b, t.c = t.a, setmetatable({}, { __name = ("n"):rep(100000) })
log.debug("x", t)
