-- attack: paths that lead out of the granted folder
-- allowed: normal
-- grants: fs=rw
local troupe = require "troupe"
local dir = troupe.args.dir
for _, path in ipairs {
  "../outside.txt", "/etc/passwd", dir .. "/../outside.txt", dir .. "/./../outside.txt", dir .. "/link.txt",
  dir .. "/../inside/../outside.txt", dir .. "//..//outside.txt", dir .. "x/outside.txt", dir .. "/link.txt/",
  "/proc/self/environ", "/proc/self/root" .. dir .. "/../outside.txt", "/dev/stdin", "file://" .. dir .. "/note.txt",
  dir .. "/note.txt\0/../../outside.txt", "~/x", "", ".", ("/"):rep(5000), dir .. "/" .. ("../"):rep(500) .. "etc/passwd",
} do
  for _, tool in ipairs { "fs.read", "fs.list", "gunzip" } do
    local ok, value, e = pcall(troupe.try_call, tool, { path = path })
    assert(not ok or value == nil, tool .. " " .. path)
    assert(not tostring(value):find "xyzzy" and not tostring(e):find "xyzzy")
  end
  local ok, value = pcall(troupe.try_call, "fs.write", { path = path, data = "overwritten" })
  assert(not ok or value == nil, path)
end
assert(troupe.call("fs.write", { path = dir .. "/own.txt", data = "mine" }) == 4)
assert(troupe.call("fs.read", { path = dir .. "/own.txt" }) == "mine")
