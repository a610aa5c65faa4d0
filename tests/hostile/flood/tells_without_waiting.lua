-- attack: messages to a full mailbox, refused each time
-- allowed: cpu_limit
-- grants: names=stone
local stone = (require "troupe").whereis "stone":with { wait_ms = 0 }
while true do stone:tell "x" end
