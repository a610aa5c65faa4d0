-- attack: each closed variable replaces the error by another
-- allowed: init_failed
-- expect: last
local function closing(e) return setmetatable({}, { __close = function() error(e, 0) end }) end
local a <close> = closing "last"
local b <close> = closing(setmetatable({}, { __tostring = error }))
local c <close> = closing(nil)
error "first"
