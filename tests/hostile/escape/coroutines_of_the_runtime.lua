-- attack: resuming, wrapping and closing the coroutines that the runtime runs and keeps
-- allowed: normal
local troupe = require "troupe"
local main, is_main = coroutine.running()
assert(is_main and not coroutine.resume(main))
assert(not pcall(coroutine.close, main))
local status, resumed, closed, other
troupe.after(0, function()
  other = coroutine.running()
  status, resumed, closed = coroutine.status(main), coroutine.resume(main), pcall(coroutine.close, main)
end)
while not other do troupe.sleep(1) end
assert(status == "normal" and resumed == false and closed == false)
assert(coroutine.status(other) == "dead" and not coroutine.resume(other) and coroutine.close(other))
for i = 1, 3 do
  local same
  troupe.after(0, function() same = coroutine.running() == other or not coroutine.resume(other) end)
  while same == nil do troupe.sleep(1) end
  assert(same)
end
