-- attack: an error object whose text is another error
-- allowed: init_failed
-- expect: error object without a message
error(setmetatable({}, { __tostring = function() error "no text" end, __concat = error, __index = error }))
