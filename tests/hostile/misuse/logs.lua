-- attack: log with everything that is no text
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local log = troupe.log
for _, f in ipairs { log.debug, log.info, log.warn, log.error } do
  assert(not pcall(f) and not pcall(f, "x", 1) and not pcall(f, "x", "y") and not pcall(f, "x", { 1 }))
  for _, x in ipairs { 1, true, {}, print, troupe.self(), coroutine.running(), 0 / 0, "" } do f(x, { a = x }) end
  f("x", setmetatable({ a = 1 }, { __pairs = error, __index = error }))
  pcall(f, "x", { a = setmetatable({}, { __tostring = error }) })
  pcall(f, "x", { a = setmetatable({}, { __name = "\n" }) })
end
print()
print(nil, 1, nil)
pcall(print, setmetatable({}, { __tostring = function() troupe.sleep(1) end }))
pcall(print, setmetatable({}, { __name = 5 }))
print(table.unpack({}, 1, 10000))
