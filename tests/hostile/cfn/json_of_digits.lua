-- attack: JSON that is one number of many digits, and one string of many escapes
-- allowed: cpu_limit
local json = require "troupe.json"
local number, escapes = ("7"):rep(50000), '"' .. ("\\u00e9"):rep(10000) .. '"'
while true do
  json.try_decode(number)
  json.try_decode("0." .. number .. "e-5")
  json.try_decode(escapes)
  for _ = 1, 300000 do end
end
