-- attack: sorting long strings that differ in their last letters only
-- allowed: cpu_limit
local t, prefix = {}, ("x"):rep(20000)
for i = 1, 200 do t[i] = prefix .. (i * 7919) % 211 end
while true do
  table.sort(t)
  table.sort(t, function(a, b) return a > b end)
end
