-- attack: compiling 64 KiB in the slowest shapes
-- allowed: cpu_limit
local expression = "return " .. ("1 + "):rep(10000) .. "1"
local locals = ("do local a, b, c, d, e = 1 end "):rep(2000)
local jumps = ("if a then goto e end "):rep(2500) .. "::e::"
while true do
  load(expression)
  load(locals)
  load(jumps)
end
