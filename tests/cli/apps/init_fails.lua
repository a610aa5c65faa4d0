local troupe = require "troupe"
return troupe.app { children = { { id = "a", script = "init_error.lua" } } }
