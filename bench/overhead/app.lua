-- One of the scripts beside this file, as an actor: troupe run app.lua fib.lua
local troupe = require "troupe"
return troupe.app {
  auto_shutdown = "any_significant",
  children = {
    { id = "main", script = ..., restart = "temporary", significant = true, limits = { cpu_ms_per_message = 600000 } },
  },
}
