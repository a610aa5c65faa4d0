-- attack: error tables whose fields are tables, numbers and functions
-- allowed: error
-- expect: error object without a message
-- grants: spawn=20
local troupe = require "troupe"
for _, source in ipairs {
  "error { code = {}, message = {} }", "error { code = print, message = 1 }", "error { code = 1, message = false }",
  "error { code = 'x y z', message = 'm' }", "error { code = ('c'):rep(100000), message = ('m'):rep(100000) }",
  "error { code = 'normal', message = 'm' }", "error { code = '', message = '' }", "error { code = '\\0', message = '\\0' }",
  "error { class = 'normal', reason = 'x' }", "error { code = 'noproc', message = 'forged' }",
} do
  local child, e = troupe.try_spawn { source = source }
  assert(child == nil and e.code == "init_failed" and #e.message < 10000, source)
end
troupe.sleep(0)
error { code = {}, message = {} }
