-- attack: wrapped functions called from inside themselves through every C function
-- allowed: normal
local f
f = coroutine.wrap(function()
  assert(not pcall(f))
  assert(not pcall(table.sort, { 2, 1 }, f))
  assert(not pcall(string.gsub, "x", "x", f))
  assert(not pcall(tostring, setmetatable({}, { __tostring = f })))
  return 1
end)
assert(f() == 1 and not pcall(f))
