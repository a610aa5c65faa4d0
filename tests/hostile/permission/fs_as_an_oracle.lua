-- attack: grants for a child, asked for to learn which files the host has and where it runs
-- allowed: normal
-- grants: spawn=1 fs=r
local troupe = require "troupe"
local function ask(root)
  local child, e = troupe.try_spawn { source = "return", permissions = { fs = { { root = root } } } }
  assert(child == nil and e.code == "denied", root .. ": " .. tostring(e))
  local at, to = e.message:find(root, 1, true)
  return e.message:sub(1, at - 1) .. e.message:sub(to + 1)
end
local known = ask "/etc/passwd"
for _, root in ipairs { "/etc", "/no/such/path", "/root", "/proc/self/fd/0", "/dev/null", "relative", "..",
                        troupe.args.dir .. "/none", troupe.args.dir .. "/note.txt", "/proc/self/cwd" } do
  assert(ask(root) == known, root)
end
for _, tool in ipairs { "fs.read", "fs.list", "gunzip" } do
  local _, e = troupe.try_call(tool, { path = "relative" })
  assert(not e.message:find "/", e.message)
end
