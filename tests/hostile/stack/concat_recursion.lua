-- attack: metamethods that call one another in every operator
-- allowed: normal
-- limits: cpu_ms_per_message=5000 memory_bytes=67108864
local mt = {}
local a, b = setmetatable({}, mt), setmetatable({}, mt)
mt.__concat = function(x, y) return x + y end
mt.__add = function(x, y) return x == y end
mt.__eq = function(x, y) return x .. y end
mt.__unm = function(x) return #x end
mt.__len = function(x) return -x end
mt.__call = function(f, ...) return f(...) end
for _, f in ipairs { function() return a .. b end, function() return -a end } do
  local ok, e = pcall(f)
  assert(not ok and tostring(e):find "overflow", e)
end
