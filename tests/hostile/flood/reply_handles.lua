-- attack: asks that are kept and never answered, dropped, and answered twice
-- allowed: normal
-- grants: spawn=1
-- limits: cpu_ms_per_message=5000
local troupe = require "troupe"
local child = troupe.spawn { source = [[
  local troupe = require "troupe"
  local a = troupe.actor("a", { reentrant = true })
  local kept = {}
  function a.on:keep() kept[#kept + 1] = troupe.reply_later() end
  function a.on:drop() troupe.reply_later() for i = 1, 20000 do local g = { i } end end
  function a.on:answer()
    local n = 0
    for _, h in ipairs(kept) do
      if h:reply(1) then n = n + 1 end
      assert(not h:reply(2) and not h:error("late", "x"))
    end
    kept = {}
    return n
  end
  return a]] }
local answers, broken = 0, 0
local quick = child:with { timeout_ms = 100000 }
for _ = 1, 200 do troupe.after(0, function() if quick:try_ask "keep" == 1 then answers = answers + 1 end end) end
for _ = 1, 20 do troupe.after(0, function()
  local v, e = quick:try_ask "drop"
  if e and e.code == "broken_promise" then broken = broken + 1 end
end) end
troupe.sleep(100)
local n = 0
for _ = 1, 500 do
  n = n + quick:ask "answer"
  troupe.sleep(5)
  if answers == 200 then break end
end
assert(answers == 200 and n == 200, answers .. " " .. n)
