-- attack: the ref of an asker, used to stop it
-- allowed: normal
-- grants: spawn=1
local troupe = require "troupe"
local child = troupe.spawn { source = [[
  local troupe = require "troupe"
  local msg = troupe.receive()
  local stopped, killed = pcall(msg.from.stop, msg.from), pcall(msg.from.kill, msg.from)
  msg:reply { stopped, killed }
  troupe.receive()]] }
local answer = child:ask "try"
assert(answer[1] == false and answer[2] == false)
