-- attack: seeds and limits of the generator that might reach other actors or crash
-- allowed: normal
for _, seed in ipairs { 0, -1, 1 / 0, -1 / 0, 0 / 0, math.maxinteger, 1.5 } do
  math.randomseed(seed)
  math.randomseed(math.tointeger(seed) or 1, seed == seed and math.tointeger(seed) or 2)
  local r = math.random()
  assert(r >= 0 and r < 1)
  assert(math.random(math.mininteger, math.maxinteger))
  assert(math.random(0) and math.random(5, 5) == 5)
end
assert(not pcall(math.random, 0, -1) and not pcall(math.random, 1, 2, 3) and not pcall(math.random, 1.5))
assert(not pcall(math.randomseed, "x"))
