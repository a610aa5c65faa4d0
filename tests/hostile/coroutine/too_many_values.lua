-- attack: more values through resume and yield than a stack holds
-- allowed: normal
-- limits: memory_bytes=134217728 cpu_ms_per_message=5000
local co = coroutine.create(function(...)
  while true do coroutine.yield(table.unpack({}, 1, 200000)) end
end)
for _ = 1, 3 do
  local n = select("#", coroutine.resume(co, table.unpack({}, 1, 200000)))
  assert(n == 200001 or n == 2, n)
end
pcall(coroutine.wrap(function() return table.unpack({}, 1, 900000) end))
