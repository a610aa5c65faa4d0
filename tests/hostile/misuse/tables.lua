-- attack: the functions of table with positions and lengths that lie
-- allowed: normal
-- limits: cpu_ms_per_message=5000
local edges = { math.mininteger, -1, 0, 1, 2, math.maxinteger }
for _, i in ipairs(edges) do
  pcall(table.insert, {}, i, 1)
  pcall(table.remove, {}, i)
  pcall(table.unpack, {}, i, i)
  pcall(table.concat, {}, "", i, i)
  for _, j in ipairs(edges) do
    if j < i then
      table.move({}, i, j, 1)
      table.concat({}, "x", i, j)
      table.unpack({}, i, j)
    end
  end
end
local function lying(n) return setmetatable({}, { __len = function() return n end }) end
for _, n in ipairs { -1, math.mininteger, 1.5, 0 / 0, "x", {} } do
  pcall(table.insert, lying(n), 1) pcall(table.remove, lying(n)) pcall(table.sort, lying(n)) pcall(table.concat, lying(n))
  pcall(table.unpack, lying(n)) pcall(table.insert, lying(n), 1, 2)
end
assert(not pcall(table.move, {}, math.mininteger, math.maxinteger, 1) and not pcall(table.move, {}, 1, 2, math.maxinteger))
assert(not pcall(table.insert, {}, 1, 2, 3) and not pcall(table.insert, {}) and not pcall(table.concat, { {} }))
assert(not pcall(table.sort, { 1, "x" }) and not pcall(table.sort, { 2, 1 }, 1) and table.pack().n == 0)
local shrinking = { 5, 4, 3, 2, 1, 9, 8, 7 }
pcall(table.sort, shrinking, function(a, b)
  for i = 1, 8 do shrinking[i] = nil end
  return a < b
end)
local t = setmetatable({ 3, 2, 1 }, { __newindex = error, __index = function() error "index" end })
pcall(table.sort, t)
pcall(table.insert, t, 1)
