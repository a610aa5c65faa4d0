-- attack: values that JSON has no place for
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local json = troupe.json
for _, x in ipairs { 0 / 0, 1 / 0, -1 / 0, print, coroutine.running(), troupe.self(), { [1] = 1, a = 2 }, { [1.5] = 1 }, { [true] = 1 }, "\xff",
                     { [{}] = 1 } } do
  assert(not pcall(json.encode, x))
  assert(not pcall(json.try_encode, x))
end
assert(json.encode(nil) == "null" and json.encode(json.null) == "null" and json.encode(math.mininteger))
local big = {}
for i = 1, 100000 do big[i] = "0123456789" end
local v, e = json.try_encode(big)
assert(v == nil and e.code == "too_big", tostring(e))
