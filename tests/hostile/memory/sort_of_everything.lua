-- attack: comparators that allocate and keep, at the limit
-- allowed: memory_limit cpu_limit
local kept, t = {}, {}
for i = 1, 5000 do t[i] = (i * 7919) % 5003 end
while true do
  table.sort(t, function(a, b) kept[#kept + 1] = a .. b; return a > b end)
end
