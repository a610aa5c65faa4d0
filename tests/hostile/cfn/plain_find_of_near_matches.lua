-- attack: a plain search for a megabyte that always nearly matches
-- allowed: cpu_limit
local hay, needle = ("a"):rep(2000000), ("a"):rep(1000000) .. "b"
return hay:find(needle, 1, true)
