-- attack: patterns with more captures and deeper recursion than the matcher has
-- allowed: normal
-- limits: cpu_ms_per_message=2000
assert(not pcall(string.find, "x", ("("):rep(40)))
assert(not pcall(string.find, ("a"):rep(300), ("a?"):rep(300) .. ("(a)"):rep(33)))
assert(not pcall(string.match, ("x"):rep(1000), ("x-"):rep(400) .. "(" .. ("x-"):rep(400)))
assert(not pcall(string.gsub, "x", "x", "%9"))
assert(not pcall(string.find, "x", "[a"))
assert(not pcall(string.find, "x", "%"))
assert(not pcall(string.find, "x", "%f"))
assert(not pcall(string.find, "x", "%b"))
