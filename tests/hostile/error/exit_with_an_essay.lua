-- attack: a reason of a megabyte, with control characters
-- allowed: error
-- expect: essay
local troupe = require "troupe"
troupe.sleep(0)
troupe.exit("error", "essay" .. ("\n\27\0x"):rep(200000))
