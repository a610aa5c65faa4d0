-- attack: modes of live weak tables that change while they are collected
-- allowed: cpu_limit memory_limit
local modes, all = { "k", "v", "kv", "", nil }, {}
local i = 0
while true do
  i = i + 1
  local t = all[i % 200] or setmetatable({}, {})
  all[i % 200] = t
  getmetatable(t).__mode = modes[i % 5 + 1]
  t[{}] = {}
  if i % 7 == 0 then setmetatable(t, { __mode = modes[i % 3 + 1] }) end
end
