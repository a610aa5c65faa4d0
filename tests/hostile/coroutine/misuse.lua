-- attack: every function of coroutine with what it does not expect
-- allowed: normal
local co = coroutine.create(function(...) return coroutine.yield(...) end)
for _, f in ipairs { coroutine.create, coroutine.resume, coroutine.wrap, coroutine.close, coroutine.status } do
  for _, x in ipairs { 1, "x", true, {} } do assert(not pcall(f, x)) end
  assert(not pcall(f))
end
assert(not pcall(coroutine.isyieldable, 1))
assert(coroutine.resume(co, 1, nil, nil) and coroutine.status(co) == "suspended")
assert(coroutine.resume(co) and coroutine.status(co) == "dead")
assert(not coroutine.resume(co) and coroutine.close(co) and coroutine.close(co))
assert(not pcall(coroutine.wrap(print and function() error "x" end)))
assert(coroutine.isyieldable() and select(2, coroutine.running()))
