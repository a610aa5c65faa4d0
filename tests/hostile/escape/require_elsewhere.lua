-- attack: modules outside of the script's folder
-- allowed: normal
for _, name in ipairs { "../outside", "..outside", ".outside", "/etc/passwd", "a/../../outside", "link",
                        "outside", "a\0b", "", ".", "...", ("x"):rep(10000), "os", "io", "string", "_G",
                        "troupe.secret", "troupe.", "package", "ffi" } do
  local ok, m = pcall(require, name)
  assert(not ok, name)
  assert(not tostring(m):find "xyzzy")
end
assert(not pcall(require))
assert(not pcall(require, {}))
assert(require "troupe" == require "troupe" and require "troupe.signals" ~= nil)
