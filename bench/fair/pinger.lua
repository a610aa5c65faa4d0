-- Sleeps 1 ms, asks the echo, for so many seconds; then says how late the timer was and how long the answer took.
local troupe = require "troupe"
local echo = troupe.whereis "echo"
local seconds = ...
local rtt, late = {}, {}
local stop = os.clock() + seconds
repeat
  local a = os.clock()
  troupe.sleep(1)
  local b = os.clock()
  echo:ask "ping"
  local c = os.clock()
  rtt[#rtt + 1] = (c - b) * 1e6
  late[#late + 1] = (b - a) * 1e6 - 1000
until c >= stop

local function say(name, list)
  table.sort(list)
  local function at(p) return list[math.max(1, math.floor(p * #list + 0.5))] end
  for _, p in ipairs { { "p50", 0.5 }, { "p99", 0.99 }, { "max", 1 } } do
    print(("troupe fair %s_%s %.2f us"):format(name, p[1], at(p[2])))
  end
end
say("rtt", rtt)
say("tick_late", late)
print(("troupe fair pings %d count"):format(#rtt))
