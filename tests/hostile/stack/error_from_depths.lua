-- attack: an error that nobody catches, a hundred thousand levels deep
-- allowed: init_failed
-- limits: cpu_ms_per_message=5000 memory_bytes=67108864
-- expect: from the depths
local function deep(n)
  if n > 0 then return 1 + deep(n - 1) end
  error "from the depths"
end
deep(100000)
