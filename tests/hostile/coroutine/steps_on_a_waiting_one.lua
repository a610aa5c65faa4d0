-- attack: a coroutine that waits, resumed and closed by a timer
-- allowed: normal
local troupe = require "troupe"
local co, results
troupe.after(1, function()
  results = { coroutine.status(co), (coroutine.resume(co)), (pcall(coroutine.close, co)) }
end)
co = coroutine.create(function()
  while not results do troupe.sleep(1) end
  return "slept"
end)
local ok, v = coroutine.resume(co)
assert(ok and v == "slept")
assert(results[1] == "normal" and results[2] == false and results[3] == false)
