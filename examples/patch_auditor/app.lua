--- The patch auditor. Which fixes reached this machine, when, and what depends on them?
local troupe = require "troupe"

-- From run.sh: key=value, all of them, checked there.
local options = {}
for _, word in ipairs { ... } do
  local key, value = word:match "^([%l_]+)=(.*)$"
  options[key] = value
end
local crash, crashes = options.crash:match "^(.+):(%d+)$"
local sample = { root = options.sample_dir .. "/doc", status = options.sample_dir .. "/status" }

local function directory(path) return path:match "^(.+)/[^/]*$" or path:match "^/" or "." end
local docs = { { root = options.root }, { root = sample.root } }
local statuses = { { root = directory(options.status) }, { root = options.sample_dir } }
local out = { { root = options.out, mode = "rw" } }
local MiB = 1 << 20
local large = { memory_bytes = 256 * MiB, message_bytes = 64 * MiB, cpu_ms_per_message = 60000 }

-- The readers: as many as asked for, all alike. One that crashes is started again; the others do not notice.
local readers = {}
for i = 1, tonumber(options.readers) do
  readers[i] = {
    id = "reader-" .. i, script = "reader.lua", restart = "transient",
    args = { id = i, max_bytes = 48 * MiB, crash = crash or options.crash, crashes = tonumber(crashes) or 1 },
    limits = large,
    permissions = { names = { "scanner", "store" }, fs = docs },
  }
end

return troupe.app {
  -- When one of these crashes, it and all that follow start again: the store begins with an empty database.
  strategy = "rest_for_one", auto_shutdown = "any_significant",
  children = {
    { id = "progress", name = "progress", script = "progress.lua",
      permissions = { tools = { "console" }, names = { "scanner" } } },
    { id = "store", name = "store", script = "store.lua", args = { out = options.out }, permissions = { fs = out } },
    { id = "scanner", name = "scanner", script = "scanner.lua",
      permissions = { names = { "store", "progress" }, fs = docs },
      args = { root = options.root, status = options.status, sample = options.sample == "1",
               sample_root = sample.root, sample_status = sample.status } },
    { id = "readers", type = "supervisor", strategy = "one_for_one", max_restarts = 1000,
      backoff = { max_ms = 1000 }, children = readers },
    { id = "joiner", script = "joiner.lua", permissions = { names = { "store", "scanner" }, fs = statuses } },
    { id = "digester", name = "digester", script = "digester.lua", args = { out = options.out }, limits = large,
      permissions = { fs = out, exec = { "/usr/bin/sha256sum" } } },
    -- Its end is the app's end; if it fails there is no second try, and the app fails with its reason.
    { id = "reporter", script = "reporter.lua", args = { out = options.out },
      restart = "transient", max_restarts = 0, significant = true,
      permissions = { names = { "scanner", "store", "digester", "progress" }, fs = out }, limits = large },
  },
}
