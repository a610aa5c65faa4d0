-- Runs the checks of the example's pure modules; test_patch_auditor.sh lays both side by side.
local troupe = require "troupe"
return troupe.app {
  auto_shutdown = "any_significant",
  children = { { id = "checks", script = "checks.lua", restart = "transient", max_restarts = 0, significant = true } },
}
