-- attack: the functions of math with the numbers that are slowest to reduce
-- allowed: cpu_limit
local huge = 1.7976931348623157e308
while true do
  for _, x in ipairs { huge, -huge, 5e-324, 0 / 0, math.huge, -0.0 } do
    math.sin(x) math.cos(x) math.tan(x) math.exp(x) math.log(x, 3) math.fmod(huge, 5e-324)
    math.asin(x) math.acos(x) math.atan(x, x) math.sqrt(x) math.modf(x)
  end
end
