-- table.sort with a comparator in Lua, which cannot be preempted across.
local seed = 42
local function random()
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return seed
end
for _ = 1, 8 do
  local t = {}
  for i = 1, 100000 do t[i] = random() end
  table.sort(t, function(a, b) return a < b end)
  for i = 2, #t do assert(t[i - 1] <= t[i]) end
end
