-- attack: its own mailbox filled with messages that it never takes
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me, n = troupe.self(), 0
while true do
  local ok, code = me:tell("x", n)
  if not ok then
    assert(code == "would_deadlock" or code == "mailbox_full", code)
    break
  end
  n = n + 1
end
assert(n == 1000, n)
