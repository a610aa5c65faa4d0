-- attack: plain searches that nearly match everywhere
-- allowed: cpu_limit
local hay, needle = ("a"):rep(4000000), ("a"):rep(1000) .. "b"
while not hay:find(needle, 1, true) do end
