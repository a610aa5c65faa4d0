-- attack: a table whose metatable is weak, at the memory limit (a use after free in stock Lua 5.4.4)
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local keep = {}
for i = 1, 1 << 40 do
  local mt = setmetatable({}, { __mode = "k" })
  local t = setmetatable({}, setmetatable({ __index = mt, __newindex = mt }, { __mode = "v" }))
  t[{}] = i
  keep[i] = t
end
