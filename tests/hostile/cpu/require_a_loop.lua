-- attack: a module that it has written itself and that never finishes loading
-- allowed: cpu_limit
-- grants: fs=rw
local troupe = require "troupe"
troupe.call("fs.write", { path = troupe.args.dir .. "/endless.lua", data = "while true do end" })
require "endless"
