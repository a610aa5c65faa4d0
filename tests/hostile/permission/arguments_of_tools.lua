-- attack: arguments of the wrong types, in wrong numbers and sizes
-- allowed: normal
-- grants: fs=rw
-- limits: cpu_ms_per_message=5000
local troupe = require "troupe"
local junk = { false, -1, 0 / 0, math.mininteger, "", "\0", {}, { {} }, troupe.array {}, troupe.self() }
for _, tool in ipairs { "fs.read", "fs.list", "fs.write", "gunzip", "sqlite", "exec" } do
  for _, value in ipairs(junk) do
    pcall(troupe.try_call, tool, value)
    for _, key in ipairs { "path", "data", "argv", "max_bytes", "offset", "sql" } do
      pcall(troupe.try_call, tool, { path = troupe.args.dir .. "/note.txt", sql = "select 1", [key] = value })
    end
  end
end
assert(troupe.call("fs.read", { path = troupe.args.dir .. "/note.txt" }))
