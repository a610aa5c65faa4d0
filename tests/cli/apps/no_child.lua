local troupe = require "troupe"
return troupe.app { children = { { id = "a", script = "not_there.lua" } } }
