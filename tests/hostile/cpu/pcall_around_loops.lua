-- attack: each end of a loop is swallowed and the next one begins
-- allowed: cpu_limit
while true do
  pcall(function() while true do end end)
end
