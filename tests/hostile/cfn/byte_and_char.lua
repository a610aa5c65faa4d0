-- attack: strings taken apart and put together by their bytes
-- allowed: cpu_limit
local s = ("x"):rep(100000)
while true do
  local ok, first = pcall(string.byte, s, 1, 5000)
  assert(ok and first == 120)
  assert(#string.char(s:byte(1, 5000)) == 5000)
end
