-- attack: two protected calls in each frame, so that the depth limit is met 2^200 times
-- allowed: cpu_limit memory_limit
local function f()
  pcall(f)
  pcall(f)
end
f()
