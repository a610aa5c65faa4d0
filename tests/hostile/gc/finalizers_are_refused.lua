-- attack: every way to get a finalizer
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local ran = false
local function finalizer() ran = true while true do end end
assert(not pcall(setmetatable, {}, { __gc = finalizer }))
assert(not pcall(setmetatable, {}, { __gc = true }))
local late = {}
local x = setmetatable({}, late)
late.__gc = finalizer
assert(not pcall(setmetatable, x, late))
local hidden = setmetatable({}, { __index = { __gc = finalizer } })
local y = setmetatable({}, hidden)
x, y = nil, nil
for i = 1, 200000 do local garbage = { i } end
assert(not ran)
