-- attack: an object that is called for ever through __call
-- allowed: cpu_limit
local t = setmetatable({}, { __call = function(self) return self() end })
t()
