-- attack: a list of a hundred thousand links, alive while garbage is made
-- allowed: cpu_limit memory_limit
local list
for i = 1, 60000 do list = { list } end
while true do local garbage = { list, {}, {} } end
