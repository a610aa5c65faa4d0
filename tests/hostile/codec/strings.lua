-- attack: strings of every length class and with every byte
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me, all = troupe.self(), {}
for i = 0, 255 do all[#all + 1] = string.char(i) end
local bytes = table.concat(all)
for _, n in ipairs { 0, 31, 32, 255, 256, 65535, 65536, 500000 } do
  local s = bytes:rep(n // 256 + 1):sub(1, n)
  assert(me:tell("x", s))
  assert(troupe.receive { timeout_ms = 1000 }[1] == s)
end
assert(not pcall(troupe.json.encode, bytes))
assert(not pcall(troupe.json.encode, { [bytes] = 1 }))
