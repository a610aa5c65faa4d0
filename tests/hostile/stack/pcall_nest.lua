-- attack: protected calls inside one another until C runs out of levels
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local depth = 0
local function f()
  depth = depth + 1
  return pcall(f)
end
local ok, e = f()
local flat = { ok, e }
assert(depth > 100, depth)
