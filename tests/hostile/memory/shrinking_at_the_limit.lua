-- attack: grows to its limit and lives there, giving back and taking again
-- allowed: cpu_limit memory_limit
local t = {}
while true do
  for i = 1, 20000 do t[i] = i .. "" end
  for i = 20000, 1, -1 do t[i] = nil end
  t = {}
end
