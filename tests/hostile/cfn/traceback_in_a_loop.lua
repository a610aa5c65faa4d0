-- attack: tracebacks of a deep stack, again and again
-- allowed: cpu_limit
local function deep(n)
  if n > 0 then return (deep(n - 1)) end
  while true do
    debug.traceback("x", 1)
    debug.traceback(coroutine.running())
  end
end
deep(5000)
