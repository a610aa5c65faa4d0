-- attack: xpcall whose function and handler are the same loop
-- allowed: cpu_limit
local function h() while true do pcall(error, h) end end
while true do xpcall(h, h) end
