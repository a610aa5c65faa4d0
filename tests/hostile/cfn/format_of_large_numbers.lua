-- attack: the longest numbers format can make
-- allowed: cpu_limit
while true do
  string.format("%99.99f %-99.99e %99.99g %a", -1.7976931348623157e308, 5e-324, 0 / 0, 1e308)
  string.format("%99.99s|%q|%i|%x", "x", math.mininteger, -1, -1)
end
