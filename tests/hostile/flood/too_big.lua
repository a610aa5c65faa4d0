-- attack: messages larger than every limit
-- allowed: normal
-- grants: names=sink
-- limits: message_bytes=10000 cpu_ms_per_message=2000
local troupe = require "troupe"
local sink = troupe.whereis "sink"
local text = ("x"):rep(100000)
for _ = 1, 50 do
  assert(select(2, sink:tell("x", text)) == "too_big")
  assert(select(2, sink:try_ask("x", { text, text })).code == "too_big")
  assert(select(2, troupe.try_call("echo", { value = text })).code == "too_big")
end
