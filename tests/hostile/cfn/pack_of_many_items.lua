-- attack: format strings of string.pack with thousands of items and alignments
-- allowed: cpu_limit memory_limit
local format = ("i16!16Xi8"):rep(5000)
while true do
  pcall(string.packsize, format)
  pcall(string.pack, format, 1)
  pcall(string.unpack, format, ("x"):rep(100000))
  pcall(string.packsize, ("i16"):rep(1 << 20))
end
