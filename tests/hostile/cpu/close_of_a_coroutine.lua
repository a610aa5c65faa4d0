-- attack: coroutine.close runs a __close that never ends, where no hook can yield
-- allowed: cpu_limit
local endless = setmetatable({}, { __close = function() while true do end end })
local co = coroutine.create(function()
  local x <close> = endless
  coroutine.yield()
end)
coroutine.resume(co)
coroutine.close(co)
