-- attack: a handler that fails inside a handler that fails, for ever
-- allowed: cpu_limit
local function h()
  xpcall(error, h)
  error "again"
end
while true do xpcall(error, h) end
