-- attack: errors that are no messages: nil, booleans, functions, coroutines, refs
-- allowed: normal
-- grants: spawn=20
local troupe = require "troupe"
for _, value in ipairs { "nil", "false", "true", "0/0", "print", "coroutine.running()", "require 'troupe'.self()",
                         "require 'troupe'.signals.down", "math.mininteger", "setmetatable({}, {})", "''", "'\\0\\n'" } do
  local child, e = troupe.try_spawn { source = "error(" .. value .. ")" }
  assert(child == nil and e.code == "init_failed" and type(e.message) == "string", value)
  child, e = troupe.try_spawn { source = "error(" .. value .. ", 0)" }
  assert(child == nil and e.code == "init_failed", value)
end
