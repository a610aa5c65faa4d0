-- attack: copies of a megabyte in every way the library has
-- allowed: cpu_limit
local s = ("Ab"):rep(500000)
while true do
  assert(#s:upper() == #s:lower() and #s:reverse() == s:len())
  assert(#s:sub(2, -2) == #s - 2)
end
