-- attack: variables of the process's environment, by every name that might have them
-- allowed: normal
assert(os.getenv == nil)
local seen = {}
local function walk(t, depth)
  if type(t) ~= "table" or seen[t] or depth > 6 then return end
  seen[t] = true
  for k, v in pairs(t) do
    assert(not tostring(k):find "HOSTILE" and not tostring(v):find "xyzzy%-", tostring(k))
    walk(v, depth + 1)
  end
end
walk(_G, 0)
walk(require "troupe".args, 0)
