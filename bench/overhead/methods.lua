-- Method calls through a metatable.
local counter = {}
counter.__index = counter
function counter:add(k) self.n = self.n + k end
local c = setmetatable({ n = 0 }, counter)
for _ = 1, 40000000 do c:add(1) end
assert(c.n == 40000000)
