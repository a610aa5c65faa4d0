-- Its child fails once too often.
local troupe = require "troupe"
return troupe.app {
  max_restarts = 2, backoff = { min_ms = 1, max_ms = 2 },
  children = { { id = "crash", script = "crash.lua" } },
}
