-- attack: thousands of suspended coroutines for the collector to traverse
-- allowed: cpu_limit memory_limit
local all = {}
for i = 1, 3000 do
  all[i] = coroutine.wrap(function(...) while true do coroutine.yield(...) end end)
  all[i](i)
end
while true do local garbage = { all } end
