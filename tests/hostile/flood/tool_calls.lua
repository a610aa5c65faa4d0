-- attack: a thousand calls at once
-- allowed: normal
-- limits: cpu_ms_per_message=5000
local troupe = require "troupe"
local ok, refused = 0, 0
for _ = 1, 900 do
  troupe.after(0, function()
    local v, e = troupe.try_call("echo", { value = 1 })
    if v then ok = ok + 1 else assert(e.code, e) refused = refused + 1 end
  end)
end
for _ = 1, 500 do
  troupe.sleep(10)
  if ok + refused == 900 then break end
end
assert(ok + refused == 900 and ok > 0, ok .. " " .. refused)
