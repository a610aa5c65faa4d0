-- attack: metamethods that the encoder might run
-- allowed: normal
local troupe = require "troupe"
local ran = false
local function trap() ran = true error "ran" end
local t = setmetatable({ 1, 2, a = 3 }, { __index = trap, __len = trap, __pairs = trap, __tostring = trap, __eq = trap, __lt = trap,
                                          __name = {}, __metatable = trap, __mode = "kv", __call = trap, __concat = trap })
pcall(troupe.self().tell, troupe.self(), "x", t, { t })
pcall(troupe.json.encode, t)
pcall(troupe.try_call, "echo", { value = t })
pcall(troupe.array, t)
assert(not ran)
