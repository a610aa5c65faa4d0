-- attack: an error object that refers to itself
-- allowed: init_failed
-- expect: me
local e = { message = "me" }
e.code, e.cause, e[e] = e, e, e
error(setmetatable(e, e))
