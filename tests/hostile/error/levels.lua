-- attack: errors with positions at levels that do not exist
-- allowed: normal
for _, level in ipairs { -1, 0, 1, 2, 100, 1 << 31, math.maxinteger, math.mininteger } do
  local ok, e = pcall(error, "x", level)
  assert(not ok and tostring(e):find "x$")
end
assert(not pcall(error) and not pcall(error, "x", {}))
