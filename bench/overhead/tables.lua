-- Tables made, filled, read and dropped: the heap and the collector.
local sum = 0
for i = 1, 1500000 do
  local t = { i, i + 1, i + 2, name = "x", next = { i } }
  t[#t + 1] = t.next[1]
  sum = sum + #t
end
assert(sum == 6000000)
