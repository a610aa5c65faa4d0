-- attack: the runtime's calls from closing variables, in coroutines, in coroutines being closed
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me, log = troupe.self(), {}
local function calls()
  log[#log + 1] = pcall(me.tell, me, "x", 1)
  log[#log + 1] = pcall(troupe.sleep, 0)
  log[#log + 1] = pcall(troupe.call, "echo", { value = 1 })
  pcall(troupe.after, 0, print)
  pcall(troupe.spawn, { source = "return" })
  pcall(coroutine.yield)
  pcall(troupe.receive, { timeout_ms = 0 })
end
do local x <close> = setmetatable({}, { __close = calls }) end
pcall(function()
  local x <close> = setmetatable({}, { __close = calls })
  error "x"
end)
coroutine.wrap(function() local x <close> = setmetatable({}, { __close = calls }) end)()
local co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = calls })
  coroutine.yield()
end)
coroutine.resume(co)
coroutine.close(co)
for _, mm in ipairs { "__index", "__newindex", "__call", "__lt", "__concat", "__len", "__eq", "__unm" } do
  local t = setmetatable({}, { [mm] = calls })
  pcall(function() return t.x end) pcall(function() t.x = 1 end) pcall(t) pcall(function() return t < t, t .. "", -t, #t, t == {} end)
end
assert(#log > 10)
