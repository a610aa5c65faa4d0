-- attack: the functions of math and tonumber with every odd number
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local odd = { 0, -0.0, 1, -1, 0 / 0, 1 / 0, -1 / 0, math.mininteger, math.maxinteger, 2 ^ 53, 5e-324, 1.7976931348623157e308, "0x10", "1e1" }
local names = { "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "log", "max", "min", "modf", "rad", "sin",
                "sqrt", "tan", "tointeger", "type", "ult" }
for _, name in ipairs(names) do
  for _, x in ipairs(odd) do
    pcall(math[name], x)
    for _, y in ipairs(odd) do pcall(math[name], x, y) end
  end
  pcall(math[name])
end
assert(not pcall(math.fmod, 1, 0) and math.fmod(math.mininteger, -1) == 0 and math.abs(math.mininteger) == math.mininteger)
assert(math.ult(1, -1) and math.tointeger(2 ^ 53) and math.tointeger "x" == nil and math.floor(1e308) == 1e308)
math.ceil(-1.5) math.acos(2) math.asin(2) math.atan(0, 0) math.cos(0) math.deg(1) math.exp(1e3) math.log(0) math.max(1) math.min(1)
math.modf(1 / 0) math.rad(1) math.sin(0) math.sqrt(-1) math.tan(0) math.type(1)
for _, base in ipairs { -1, 0, 1, 2, 36, 37, math.maxinteger } do pcall(tonumber, "zz", base) end
for _, text in ipairs { "", " ", "0x", "1e", "0x1p", "1 1", "\0", "1\0", ("1"):rep(100000), "inf", "nan", "0x.p1", "١" } do assert(tonumber(text) == nil or true) end
assert(not pcall(tonumber) and not pcall(tonumber, 1, 10) and not pcall(tonumber, {}, 10))
for _, f in ipairs { function() return 1 // 0 end, function() return 1 % 0 end, function() return 1.5 | 1 end, function() return "x" + 1 end,
                     function() return 2 ^ 63 | 0 end, function() return {} < {} end } do assert(not pcall(f)) end
