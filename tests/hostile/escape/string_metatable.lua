-- attack: the metatable that all strings share
-- allowed: normal
assert(getmetatable "" == false)
assert(not pcall(setmetatable, "", {}))
assert(not pcall(function() (""). x = 1 end))
local old = string.rep
string.rep = function() return "mine" end
assert(("x"):rep(3) == "mine")
string.rep = old
string = nil
assert(("x"):upper() == "X")
