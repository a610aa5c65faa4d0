-- attack: receive with wrong options, in wrong places and from several tasks
-- allowed: normal
local troupe = require "troupe"
for _, options in ipairs { 1, "x", true, { kinds = 1 }, { kinds = "x" }, { kinds = {} }, { kinds = { {} } }, { kinds = { 1 } },
                           { nothing = 1 }, { [1] = "x" }, { kinds = { troupe.self() } }, { kinds = { "x", false } } } do
  assert(not pcall(troupe.receive, options))
end
for _, f in ipairs { function() table.sort({ 2, 1 }, function() troupe.receive() end) end,
                     function() ("x"):gsub("x", function() troupe.receive() end) end } do
  assert(not pcall(f))
end
local got, begun = {}, 0
for i = 1, 50 do troupe.after(0, function() begun = begun + 1 local msg = troupe.receive { kinds = { "k" .. i }, timeout_ms = 60000 } got[#got + 1] = msg end) end
while begun < 50 do troupe.sleep(1) end
for i = 50, 1, -1 do troupe.self():tell("k" .. i) end
while #got < 50 do troupe.sleep(1) end
for _, msg in ipairs(got) do assert(msg.kind) end
local kinds = {}
for i = 1, 10000 do kinds[i] = "kind" .. i end
assert(troupe.receive { kinds = kinds, timeout_ms = 0 } == nil)
