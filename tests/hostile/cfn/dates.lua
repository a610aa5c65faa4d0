-- attack: dates with the longest formats and the farthest times
-- allowed: cpu_limit
local format = ("%c%G-%V%j"):rep(500)
while true do
  os.date(format, 0)
  os.date("*t", 67767976233532799)
  os.time { year = 2147483647, month = -2147483647, day = 2147483647 }
  os.difftime(math.maxinteger, math.mininteger)
  for _ = 1, 300000 do end
end
