-- Takes its time to stop.
local troupe = require "troupe"
return troupe.app {
  children = { { id = "linger", script = "linger.lua", permissions = { tools = { "console" } } } },
}
