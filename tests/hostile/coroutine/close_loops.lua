-- attack: closing coroutines whose closing fails, in a loop
-- allowed: cpu_limit
local mt = { __close = function() error "closing" end }
while true do
  local co = coroutine.create(function()
    local x <close> = setmetatable({}, mt)
    local y <close> = setmetatable({}, mt)
    coroutine.yield()
  end)
  coroutine.resume(co)
  local ok, e = coroutine.close(co)
  assert(not ok and coroutine.status(co) == "dead", e)
end
