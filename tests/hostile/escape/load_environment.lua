-- attack: load from places that have no globals, to get those of the actor
-- allowed: normal
local function boxed(_ENV) return load "return secret" end
secret = "the actor's"
assert(boxed({ load = load })() == nil)
assert(select(2, pcall(function() local _ENV <const> = { load = load } return load "return secret" () end)) == nil)
local raw = load
local ok, f = pcall(coroutine.wrap(raw), "return secret")
assert(not ok or f == nil or f() == nil or f() == secret)
for _, env in ipairs { false, 0, print } do
  local g = load("return secret", "x", "t", env)
  assert(not pcall(g))
end
local g = load("return secret", "x", "t", nil)
assert(not pcall(g))
