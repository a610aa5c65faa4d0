-- attack: a type error behind thirty thousand field accesses (a crash in stock Lua 5.4.4)
-- allowed: normal
-- limits: cpu_ms_per_message=5000
local f = assert(load("local a = {} return function() return a" .. (".x"):rep(30000) .. " end"))()
local ok, e = pcall(f)
assert(not ok and e:find "index", e)
f = assert(load("local a = {} return function() return a" .. (".x"):rep(15000) .. " + 1 end"))()
assert(not pcall(f))
