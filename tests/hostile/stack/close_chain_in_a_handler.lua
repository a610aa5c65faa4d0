-- attack: the same chain begun deep inside protected calls and coroutines
-- allowed: normal
-- limits: cpu_ms_per_message=5000 memory_bytes=67108864
local last
for _ = 1, 3000 do
  local previous = last
  last = coroutine.wrap(function()
    local x <close> = setmetatable({}, { __close = function() if previous then previous() end end })
    error "closing"
  end)
end
local function deep(n)
  if n == 0 then return last() end
  return coroutine.wrap(function() return pcall(deep, n - 1) end)()
end
deep(60)
