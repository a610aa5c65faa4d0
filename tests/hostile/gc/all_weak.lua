-- attack: tables weak in both ways that refer to one another
-- allowed: cpu_limit memory_limit
local mt = { __mode = "kv" }
while true do
  local a, b = setmetatable({}, mt), setmetatable({}, mt)
  a[b], b[a] = a, b
  for i = 1, 50 do a[{}] = { b }; b[i] = {} end
end
