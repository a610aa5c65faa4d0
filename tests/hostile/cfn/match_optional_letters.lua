-- attack: 2^28 ways to leave optional letters out
-- allowed: cpu_limit
return ("a"):rep(28):match(("a?"):rep(28) .. ("a"):rep(28))
