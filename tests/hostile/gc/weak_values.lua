-- attack: a weak table that the collector must clear in each cycle
-- allowed: cpu_limit memory_limit
local weak = setmetatable({}, { __mode = "v" })
local i = 0
while true do
  i = i + 1
  weak[i % 50000] = { i }
end
