-- attack: chains of __index that are long, and one that is a ring
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local chain = { x = 1 }
for _ = 1, 3000 do chain = setmetatable({}, { __index = chain }) end
assert(select(2, pcall(function() return chain.x end)):find "too long")
local ring = {}
setmetatable(ring, { __index = ring, __newindex = ring })
assert(select(2, pcall(function() return ring.x end)):find "loop")
assert(select(2, pcall(function() ring.x = 1 end)):find "loop")
