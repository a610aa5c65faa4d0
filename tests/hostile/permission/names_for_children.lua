-- attack: a child that is given more than its parent has
-- allowed: normal
-- grants: names=sink spawn=3 fs=r tools=echo
local troupe = require "troupe"
local dir = troupe.args.dir
for _, permissions in ipairs {
  { names = { "vault" } }, { names = { "*" } }, { names = { "sink", "vault" } }, { tools = { "console" } },
  { exec = { "/bin/sh" } }, { net = { "example.org:80" } }, { fs = { { root = "/" } } }, { fs = { { root = dir, mode = "rw" } } },
  { fs = { { root = dir .. "/.." } } }, { fs = { { root = dir .. "/link.txt" } } }, { spawn = 4 }, { spawn = 4294967295 },
} do
  local child, e = troupe.try_spawn { source = "return", permissions = permissions }
  assert(child == nil and (e.code == "denied" or e.code == "limit"), tostring(e))
end
for _, permissions in ipairs { "all", { everything = true }, { spawn = -1 }, { spawn = 1.5 }, { tools = "echo" },
                               { fs = { dir } }, { fs = { { root = dir, mode = "rwx" } } }, { names = { {} } } } do
  assert(not pcall(troupe.try_spawn, { source = "return", permissions = permissions }))
end
