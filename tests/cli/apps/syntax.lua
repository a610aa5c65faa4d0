local troupe = require "troupe"
return troupe.app {
  children = {
    { id = "a", script = "idle.lua" }
    { id = "b", script = "idle.lua" },
  },
}
