-- Which functions that a script can reach occur in no attack. Its argument is the text of all attacks; it ends with an
-- error that names what is missing. `reveal` gives the table of methods behind an object, which scripts cannot see.
local troupe, reveal = require "troupe", require "hostile.reveal"
local sources = (...):gsub("%-%-[^\n]*", "")
local missing, found = {}, 0

local function look(name, pattern)
  found = found + 1
  if not sources:find(pattern) then missing[#missing + 1] = name end
end

local seen = {}
local function walk(path, t)
  if seen[t] then return end
  seen[t] = true
  for name, value in pairs(t) do
    if type(value) == "function" then
      look(path .. name, (path == "" and "%f[%w_]" or "[.:]") .. name .. "%f[^%w_]")
    elseif type(value) == "table" then
      walk(path .. name .. ".", reveal(value) or value)
    end
  end
end

troupe.after(0, function() troupe.self():try_ask "a message with a handle" end)
local msg = troupe.receive()
walk("", _G)
walk("troupe.", reveal(troupe))
walk("ref:", reveal(troupe.self()))
walk("monitor:", reveal(troupe.self():monitor()))
walk("timer:", reveal(troupe.after(60000, print)))
walk("msg:", reveal(msg))
walk("handle:", reveal(msg.ask))
msg:reply()
assert(found > 120, found)
if #missing > 0 then error("in no attack: " .. table.concat(missing, ", ")) end
