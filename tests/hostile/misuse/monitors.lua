-- attack: monitors of itself, of the dead, cancelled in their own signal, used as something else
-- allowed: normal
-- grants: spawn=5
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local me = troupe.self()
local own = me:monitor()
assert(own:cancel() and not own:cancel() and not pcall(own.cancel) and not pcall(own.cancel, me))
local child, monitor = troupe.spawn { source = "require 'troupe'.receive()", monitor = true }
child:kill()
local down = troupe.receive { kinds = { troupe.signals.down }, timeout_ms = 5000 }
assert(down[1] == child and down[2].class == "killed" and not monitor:cancel())
local late = child:monitor()
down = troupe.receive { kinds = { troupe.signals.down }, timeout_ms = 5000 }
assert(down[2].class == "noproc" and not late:cancel())
down[2].class, down[1] = "forged", nil
local cancelled = child:monitor()
cancelled:cancel()
assert(troupe.receive { timeout_ms = 5 } == nil)
