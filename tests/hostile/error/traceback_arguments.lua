-- attack: tracebacks of odd things
-- allowed: normal
local co = coroutine.create(function() error "x" end)
coroutine.resume(co)
for _, x in ipairs { co, coroutine.running(), 1, "x", {}, false } do
  for _, level in ipairs { -1, 0, 1, 1 << 31, math.maxinteger } do
    pcall(debug.traceback, x, "m", level)
    pcall(debug.traceback, x, level)
  end
end
assert(debug.traceback(nil) and debug.traceback {} ~= nil)
