-- attack: coroutines that start the next one whenever they are ended
-- allowed: cpu_limit memory_limit
local function phoenix()
  local x <close> = setmetatable({}, { __close = function() coroutine.wrap(phoenix)() end })
  pcall(function() while true do pcall(coroutine.wrap(function() local y = 1 + {} end)) end end)
end
while true do pcall(coroutine.wrap(phoenix)) end
