-- attack: writing in a folder that is granted for reading
-- allowed: normal
-- grants: fs=r
local troupe = require "troupe"
local dir = troupe.args.dir
for tool, args in pairs {
  ["fs.write"] = { path = dir .. "/new.txt", data = "x" },
  sqlite = { path = dir .. "/new.db", op = "exec", sql = "create table t (x)" },
} do
  local value, e = troupe.try_call(tool, args)
  assert(value == nil and (e.code == "EACCES" or e.code == "denied"), tostring(e))
end
local value, e = troupe.try_call("fs.write", { path = dir .. "/note.txt", data = "x", append = true })
assert(value == nil and e.code == "EACCES")
