-- Prints its arguments and ends.
local troupe = require "troupe"
return troupe.app {
  auto_shutdown = "any_significant",
  children = {
    { id = "main", script = "hello_main.lua", restart = "temporary", significant = true,
      args = { ... }, permissions = { tools = { "console" } } },
  },
}
