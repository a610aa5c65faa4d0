local troupe = require "troupe"
troupe.sleep(1)
error "on purpose"
