-- attack: yields of anything to the runtime, from everywhere
-- allowed: normal
local troupe = require "troupe"
for _, x in ipairs { 1, "x", {}, print, troupe.self(), troupe.signals.down } do
  assert(select("#", coroutine.yield(x, x, x)) == 0)
end
assert(select("#", coroutine.yield(table.unpack({}, 1, 1000))) == 0)
local ok = pcall(coroutine.yield, "in pcall")
assert(ok)
for _, f in ipairs {
  function() table.sort({ 2, 1 }, coroutine.yield) end,
  function() ("x"):gsub("x", coroutine.yield) end,
  function() tostring(setmetatable({}, { __tostring = coroutine.yield })) end,
  function() load(coroutine.yield) end,
} do assert(not pcall(f)) end
local co = coroutine.wrap(function() for k in pairs { 1, 2 } do coroutine.yield(k) end end)
assert(co() == 1 and co() == 2 and co() == nil)
