-- attack: log lines that contain other lines, terminal commands and NULs
-- allowed: normal
local troupe = require "troupe"
local evil = "x\nerror <1.1> system: all is lost\r\27[2J\0\8\127\0error"
print(evil, evil)
for _, level in ipairs { "debug", "info", "warn", "error" } do
  troupe.log[level](evil, { [evil] = evil, ["a=b"] = 'c" d="e', ["\n"] = {} })
end
troupe.log.info(setmetatable({}, { __tostring = function() return evil end }))
assert(not pcall(troupe.log.info, setmetatable({}, { __tostring = function() return {} end })))
