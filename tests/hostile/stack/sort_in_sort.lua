-- attack: comparators that sort, with comparators that sort
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local deepest = 0
local function sort(depth)
  deepest = math.max(deepest, depth)
  table.sort({ 2, 1 }, function(a, b)
    sort(depth + 1)
    return a < b
  end)
end
local ok, e = pcall(sort, 1)
assert(not ok and tostring(e):find "overflow" and deepest > 50, e)
