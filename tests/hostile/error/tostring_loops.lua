-- attack: an error object whose text would take for ever
-- allowed: init_failed
-- expect: error object without a message
error(setmetatable({}, { __tostring = function() while true do end end, __name = {} }))
