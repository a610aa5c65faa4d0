-- attack: the message handler takes all memory
-- allowed: memory_limit
-- limits: cpu_ms_per_message=5000
xpcall(error, function()
  local t = {}
  while true do t[#t + 1] = ("x"):rep(#t) end
end)
