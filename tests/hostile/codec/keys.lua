-- attack: tables whose keys are numbers, booleans and both kinds at once
-- allowed: normal
local troupe = require "troupe"
local me = troupe.self()
for _, t in ipairs { { [1] = 1, [2] = 2, [4] = 4 }, { 1, 2, x = 3 }, { [0] = 0 }, { [-1] = 1 }, { [1.5] = 1 }, { [true] = 1 },
                     { [math.maxinteger] = 1 }, { [math.mininteger] = 1 }, { [1 << 40] = 1, 1 }, { [""] = 1 }, { ["\0"] = 1 },
                     { [{}] = 1 }, { [print] = 1 } } do
  local ok, sent = pcall(me.tell, me, "x", t)
  if ok and sent then
    local got = troupe.receive { timeout_ms = 1000 }[1]
    for k, v in pairs(t) do assert(got[k] == v, tostring(k)) end
  end
  pcall(troupe.json.encode, t)
end
