-- attack: options of spawn that are wrong, unknown, both or none
-- allowed: normal
-- grants: spawn=5
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
for _, options in ipairs {
  {}, { source = 1 }, { source = "", script = "x.lua" }, { source = "return", unknown = 1 }, { source = "return", name = 1 },
  { source = "return", name = {} }, { source = "return", monitor = "yes" }, { source = "return", args = print },
  { source = "return", mailbox = 1 }, { source = "return", mailbox = { messages = 0 } }, { source = "return", mailbox = { bytes = -1 } },
  { source = "return", mailbox = { overflow = "explode" } }, { source = "return", mailbox = { messages = 1 << 40 } },
  { source = "return", init_timeout_ms = -1 }, { source = "return", shutdown_ms = "never" }, { source = "return", limits = "all" },
  { source = "\27Lua" }, { source = "return return" }, { source = ("x"):rep(1 << 21) }, { script = 5 }, 1, "x", false, print,
} do
  local ok, ref = pcall(troupe.try_spawn, options)
  assert(not ok or ref == nil)
end
assert(not pcall(troupe.spawn))
local lazy = setmetatable({}, { __index = function(_, k) return k == "source" and "return" or nil end })
pcall(troupe.try_spawn, lazy)
