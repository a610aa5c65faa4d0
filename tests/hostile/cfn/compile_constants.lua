-- attack: compiling thousands of different constants and table fields
-- allowed: cpu_limit
local parts = {}
for i = 1, 4000 do parts[i] = "k" .. i .. "=" .. i .. ".5" end
local source = "return {" .. table.concat(parts, ",") .. "}"
while true do assert(load(source)) end
