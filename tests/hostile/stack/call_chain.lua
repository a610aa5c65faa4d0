-- attack: objects that are called through objects that are called
-- allowed: normal
-- limits: cpu_ms_per_message=5000 memory_bytes=67108864
local f = function() return 1 end
for _ = 1, 20000 do f = setmetatable({}, { __call = f }) end
local ok, e = pcall(f)
assert(ok or e, e)
