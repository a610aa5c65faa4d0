-- attack: log lines without end
-- allowed: cpu_limit
local troupe = require "troupe"
while true do
  print(("x"):rep(1000))
  troupe.log.error("y", { a = 1, b = "z" })
end
