-- attack: short strings that fill the table of strings and die
-- allowed: cpu_limit memory_limit
local i = 0
while true do
  i = i + 1
  local s = i .. "a"
end
