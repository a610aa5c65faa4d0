local troupe = require "troupe"
troupe.call("console", { text = "ready" })
while true do end
