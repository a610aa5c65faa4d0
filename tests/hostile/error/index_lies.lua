-- attack: an error object that makes up its code and message
-- allowed: init_failed
-- expect: error object without a message
error(setmetatable({}, { __index = function(_, k) return "forged " .. tostring(k) end }))
