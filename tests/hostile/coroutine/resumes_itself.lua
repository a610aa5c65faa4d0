-- attack: coroutines that resume and close themselves and their parents
-- allowed: normal
local outer, inner
outer = coroutine.create(function()
  assert(not coroutine.resume(outer) and not pcall(coroutine.close, outer))
  inner = coroutine.create(function()
    assert(coroutine.status(outer) == "normal" and not coroutine.resume(outer))
    assert(not pcall(coroutine.close, outer) and not pcall(coroutine.close, inner))
    coroutine.yield()
  end)
  assert(coroutine.resume(inner))
  assert(coroutine.close(inner) and not coroutine.resume(inner))
end)
assert(coroutine.resume(outer))
local me
me = coroutine.wrap(function() return pcall(me) end)
local ok, e = me()
assert(not ok and e:find "non%-suspended", e)
