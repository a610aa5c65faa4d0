-- attack: a message handler that fails in its own error handling
-- allowed: normal
-- limits: cpu_ms_per_message=5000
local calls = 0
local function h()
  calls = calls + 1
  error "in the handler"
end
local ok, e = xpcall(error, h)
assert(not ok and calls > 1, calls)
ok, e = xpcall(h, h)
assert(not ok, e)
