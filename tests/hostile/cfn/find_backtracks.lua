-- attack: a pattern with nested minimal repetitions that cannot match
-- allowed: cpu_limit
return ("a"):rep(30000):find(".-.-.-.-b")
