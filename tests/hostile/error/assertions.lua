-- attack: assert and its messages of every type
-- allowed: normal
assert(not pcall(assert))
for _, message in ipairs { {}, print, 1, true, "x" } do
  local ok, e = pcall(assert, false, message)
  assert(not ok and e == message)
end
assert(select("#", assert(1, 2, 3)) == 3)
