-- attack: closures over closures
-- allowed: cpu_limit
local f = function() return 1 end
while true do
  local g = f
  f = function() return g and 1 end
  if f() > 1 then return end
  f = select(2, pcall(function() return function() return 1 end end))
end
