local troupe = require "troupe"
return troupe.app { children = { { id = "a", script = "idle.lua", restart = "always" } } }
