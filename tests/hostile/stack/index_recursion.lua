-- attack: an __index function that indexes the same table
-- allowed: normal
-- limits: cpu_ms_per_message=5000 memory_bytes=67108864
local t = setmetatable({}, { __index = function(t, k) return t[k .. "x"] end })
local ok, e = pcall(function() return t.a end)
assert(not ok)
local u = setmetatable({}, { __index = function(t, k) return t[k] end, __lt = function(a, b) return a < b end })
ok, e = pcall(function() return u.a end)
assert(not ok and tostring(e):find "overflow", e)
ok, e = pcall(function() return u < u end)
assert(not ok and tostring(e):find "overflow", e)
