-- attack: hibernation asked for in comparators, coroutines, closing variables, timers and terminate
-- allowed: survives shutdown
-- limits: cpu_ms_per_message=2000 shutdown_ms=30000
local troupe = require "troupe"
local a = troupe.actor("a", { reentrant = true })
local function nap()
  troupe.hibernate()
  troupe.hibernate("junk", {})
  pcall(troupe.sleep, 0)
end
function a:init()
  table.sort({ 3, 2, 1 }, function(x, y) nap() return x < y end)
  coroutine.wrap(nap)()
  do local x <close> = setmetatable({}, { __close = nap }) end
  for _ = 1, 50 do troupe.after(0, nap) end
  for i = 1, 50 do troupe.self():tell("go", ("x"):rep(i * 1000)) end
end
function a.on:go(x)
  nap()
  assert(#x % 1000 == 0)
end
a.terminate = nap
return a
