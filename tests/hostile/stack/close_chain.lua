-- attack: closing twenty thousand coroutines, each in the __close of the one before (a crash in stock Lua 5.4.4)
-- allowed: normal
-- limits: cpu_ms_per_message=5000 memory_bytes=67108864
local last, refused
for _ = 1, 20000 do
  local previous = last
  last = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function()
      if previous then
        local ok, e = coroutine.close(previous)
        refused = refused or e
      end
    end })
    coroutine.yield()
  end)
  coroutine.resume(last)
end
coroutine.close(last)
assert(tostring(refused):find "too many nested closes", refused)
