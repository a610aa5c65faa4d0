-- Takes what it gets, and may take more than the system has.
local troupe = require "troupe"
return troupe.app {
  max_restarts = 0,
  children = { { id = "eater", script = "eater.lua", limits = { memory_bytes = 1 << 40 } } },
}
