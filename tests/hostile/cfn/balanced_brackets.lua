-- attack: %b over a string of opening brackets, quadratic
-- allowed: cpu_limit
return ("("):rep(1000000):gsub("%b()", "")
