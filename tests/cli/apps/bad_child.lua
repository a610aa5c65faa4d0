local troupe = require "troupe"
return troupe.app { children = { { id = "a", script = "bad_syntax.lua" } } }
