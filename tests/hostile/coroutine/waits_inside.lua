-- attack: waiting calls inside nested coroutines, protected calls and iterators
-- allowed: normal
local troupe = require "troupe"
local function deep(n)
  if n == 0 then
    troupe.sleep(1)
    troupe.self():tell "x"
    return troupe.receive({ timeout_ms = 1000 }).kind
  end
  return coroutine.wrap(function()
    local _, v = pcall(deep, n - 1)
    coroutine.yield(v)
  end)()
end
assert(deep(30) == "x")
for v in coroutine.wrap(function() for i = 1, 3 do troupe.sleep(1) coroutine.yield(i) end end) do assert(v <= 3) end
local ok, e = pcall(table.sort, { 2, 1 }, function() troupe.sleep(1) end)
assert(not ok and e:find "cannot wait here", e)
