-- attack: its own mailbox filled with large messages, beyond its heap
-- allowed: normal
-- limits: cpu_ms_per_message=5000
local troupe = require "troupe"
local me, text, n = troupe.self():with { wait_ms = 0 }, ("x"):rep(1000000), 0
while me:tell("x", text) do n = n + 1 end
assert(n > 10 and n < 20, n)
