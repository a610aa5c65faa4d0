-- attack: a chain of weak keys, which one step of the collector walks quadratically
-- allowed: cpu_limit memory_limit
local weak = setmetatable({}, { __mode = "k" })
local first = {}
local key = first
for _ = 1, 20000 do
  local nextkey = {}
  weak[key] = { nextkey }
  key = nextkey
end
while true do local garbage = { first, {} } end
