-- Never lets go of its worker.
local troupe = require "troupe"
return troupe.app {
  children = { { id = "loop", script = "loop.lua", permissions = { tools = { "console" } } } },
}
