-- attack: thousands of coroutines abandoned while they hold variables to close
-- allowed: cpu_limit memory_limit
local mt = { __close = function() while true do end end }
while true do
  coroutine.wrap(function()
    local x <close> = setmetatable({}, mt)
    coroutine.yield()
  end)()
end
