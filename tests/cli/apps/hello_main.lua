local troupe = require "troupe"
local args = ...
for i, arg in ipairs(args) do troupe.call("console", { text = i .. "=" .. arg }) end
troupe.call("console", { text = "bye", newline = false })
