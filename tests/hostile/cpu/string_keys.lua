-- attack: ever new strings as keys of a table, taken out again
-- allowed: cpu_limit
local t, i = {}, 0
while true do
  i = i + 1
  t["key" .. i] = i
  t["key" .. (i - 100)] = nil
end
