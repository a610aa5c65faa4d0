-- attack: a comparator takes all memory, inside of C
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local keep = {}
table.sort({ 1, 2, 3, 4 }, function(a, b)
  for i = 1, 1 << 30 do keep[#keep + 1] = { i } end
  return a < b
end)
