-- attack: a coroutine takes all memory, under several protected calls
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
local co = coroutine.wrap(function()
  pcall(function()
    local s = {}
    while true do s[#s + 1] = coroutine.create(print) end
  end)
end)
pcall(pcall, co)
error "pcall saw it"
