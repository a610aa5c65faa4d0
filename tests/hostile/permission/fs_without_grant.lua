-- attack: every tool that touches files, without permission
-- allowed: normal
local troupe = require "troupe"
local path = troupe.args.dir .. "/note.txt"
for tool, args in pairs {
  ["fs.read"] = { path = path }, ["fs.list"] = { path = troupe.args.dir }, ["fs.write"] = { path = path, data = "x" },
  gunzip = { path = path }, sqlite = { path = path, sql = "select 1" },
} do
  local value, e = troupe.try_call(tool, args)
  assert(value == nil and (e.code == "EACCES" or e.code == "denied"), tool .. " " .. tostring(e))
end
