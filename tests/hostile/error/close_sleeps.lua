-- attack: closing a variable waits, after an error and in a protected call
-- allowed: normal
local troupe = require "troupe"
local slept = 0
local function sleeper()
  return setmetatable({}, { __close = function()
    troupe.sleep(1)
    slept = slept + 1
  end })
end
for _ = 1, 10 do
  local ok, e = pcall(function()
    local a <close> = sleeper()
    local b <close> = sleeper()
    error "x"
  end)
  assert(not ok and e:find "x", e)
end
assert(slept == 20, slept)
