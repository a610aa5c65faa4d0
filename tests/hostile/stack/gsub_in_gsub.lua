-- attack: replacement functions that replace, inside one another
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local function sub() return (("x"):gsub("x", sub)) end
local ok, e = pcall(sub)
assert(not ok and tostring(e):find "overflow", e)
