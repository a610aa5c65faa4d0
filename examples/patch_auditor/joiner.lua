--- The joiner: reads dpkg's status file, works out who depends on whom, and hands both to the store. It does so in
--- `init`, so what the app lists behind it starts when the store has everything.
local troupe = require "troupe"
local dpkg = require "dpkg"
local joiner = troupe.actor "joiner"

local PIECE = 512 * 1024

--- A whole file, piece by piece; or nil and why not.
local function read(path)
  local parts = {}
  repeat
    local piece, err = troupe.try_call("fs.read", { path = path, offset = #parts * PIECE, max_bytes = PIECE })
    if not piece then return nil, err.message end
    parts[#parts + 1] = piece
  until #piece < PIECE
  return table.concat(parts)
end

function joiner:init()
  local store = troupe.whereis "store"
  local status = troupe.whereis "scanner":ask "source".status
  local text, why = read(status)
  local packages = text and dpkg.packages(text) or {}
  if #packages == 0 then
    store:tell("broken", why or status .. ": names no installed package")
    return
  end

  local depends = dpkg.depends(packages)
  local direct, all = dpkg.dependents(depends)
  local rows = {}
  for i, p in ipairs(packages) do
    rows[i] = { p.name, p.architecture, p.version, p.source, p.source_version, p.section,
                direct[p.name] or 0, all[p.name] or 0 }
  end
  local function send(name, list)
    for first = 1, #list, 2000 do
      assert(store:tell("rows", name, { table.unpack(list, first, math.min(first + 1999, #list)) }))
    end
  end
  send("packages", rows)
  send("depends", depends)
end

return joiner
