-- attack: the chain built from its end, the worst order for the collector
-- allowed: cpu_limit memory_limit
local tables, value = {}, {}
for i = 1, 4000 do
  local key = {}
  tables[i] = setmetatable({ [key] = value }, { __mode = "k" })
  value = { key }
end
while true do local garbage = { value } end
