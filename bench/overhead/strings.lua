-- Strings built, searched, replaced, joined.
local n = 0
for i = 1, 400000 do
  local s = "item " .. i .. ", value " .. i * 2
  n = n + #s:gsub("%d+", "#") + #s:upper():sub(1, 4) + (s:find("value", 1, true) and 1 or 0)
end
assert(n == 8000000)
local parts = {}
for i = 1, 400000 do parts[i] = ("%d:%s"):format(i, "x") end
assert(#table.concat(parts, ",") > 0)
