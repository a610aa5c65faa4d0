-- Runs until it is stopped.
local troupe = require "troupe"
return troupe.app {
  children = { { id = "idle", script = "idle.lua", permissions = { tools = { "console" } } } },
}
