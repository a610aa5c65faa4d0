-- attack: error messages and tracebacks of every kind, searched for paths of the host
-- allowed: normal
local texts = { debug.traceback(), debug.traceback("x", 0), debug.traceback(coroutine.create(print)) }
local function try(f, ...) texts[#texts + 1] = tostring(select(2, pcall(f, ...))) end
try(require, "no.such.module")
try(require, "link")
try(load, nil)
try(error, "x", 3)
try(function() local x = nil; x() end)
try(function() return #nil end)
try(string.rep)
try((require "troupe").spawn, { script = "none.lua" })
try((require "troupe").call, "none", {})
for _, text in ipairs(texts) do
  assert(not text:find "/tmp" and not text:find "/home" and not text:find "/work" and not text:find "%.c:", text)
end
