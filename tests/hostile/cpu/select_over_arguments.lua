-- attack: select walks over many arguments, quadratically
-- allowed: cpu_limit
local function walk(...)
  for i = 1, select("#", ...) do assert(select(i, ...)) end
end
local t = {}
for i = 1, 200 do t[i] = i end
while true do walk(table.unpack(t)) end
