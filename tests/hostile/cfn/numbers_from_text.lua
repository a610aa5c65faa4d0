-- attack: numbers of a million digits in every base
-- allowed: cpu_limit
local digits = ("9"):rep(1000000)
while true do
  assert(tonumber(digits) == math.huge)
  for base = 2, 36 do tonumber(("1"):rep(10000), base) end
  tonumber("0x" .. ("f"):rep(10000))
end
