-- attack: a replacement that tries every split of a long string
-- allowed: cpu_limit
local s = ("ab"):rep(20000):gsub("(a*)(.*)(.*)(.*)c", "")
return s
