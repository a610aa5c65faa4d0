-- attack: everything that could show where something lies in memory
-- allowed: normal
local troupe = require "troupe"
local things = { {}, print, function() end, coroutine.create(print), troupe.self(), troupe.log,
                 troupe.signals.down, troupe.after(60000, print), troupe.self():monitor(), troupe.json.null }
for _, x in ipairs(things) do
  for _, text in ipairs { tostring(x), ("%s"):format(x), ("%20s"):format(x), ("%q"):format(tostring(x)) } do
    assert(not text:find "0x" and not text:find "%x%x%x%x%x%x%x%x", text)
  end
  assert(not pcall(string.format, "%p", x))
  assert(not pcall(string.format, "%-20p", x))
  local _, e = pcall(function() return x + 1 end)
  assert(not tostring(e):find "0x", e)
  _, e = pcall(error, x)
  assert(e == x)
end
assert(not debug.traceback():find "0x")
