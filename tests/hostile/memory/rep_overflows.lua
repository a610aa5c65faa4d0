-- attack: more bytes than numbers count
-- allowed: normal
assert(not pcall(string.rep, "xx", math.maxinteger))
assert(not pcall(string.rep, ("x"):rep(1000), math.maxinteger, ("y"):rep(1000)))
assert(string.rep("x", -5) == "" and string.rep("x", math.mininteger) == "")
