-- attack: strings and tables that are garbage at once
-- allowed: cpu_limit
while true do
  local t = {}
  for i = 1, 100 do t[i] = { ("x"):rep(i) .. math.random() } end
end
