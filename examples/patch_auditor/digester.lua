--- The digester: writes the canonical dump while the reporter writes the report, and knows its SHA-256.
local troupe = require "troupe"
local schema = require "schema"
local digester = troupe.actor "digester"

function digester:init(args) self.database, self.dump = args.out .. "/audit.db", args.out .. "/dump.tsv" end

--- Writes the dump piece by piece and returns its SHA-256; raises the first error of a tool.
function digester:digest()
  troupe.call("fs.write", { path = self.dump, data = "" })
  for _, sql in ipairs(schema.dump) do
    local offset = 0
    repeat
      local answer = troupe.call("sqlite", { path = self.database, sql = sql, params = { schema.DUMP_ROWS, offset } })
      local piece = answer.rows[1]
      if piece.count > 0 then troupe.call("fs.write", { path = self.dump, data = piece.lines, append = true }) end
      offset = offset + schema.DUMP_ROWS
    until piece.count < schema.DUMP_ROWS
  end
  local sum = troupe.call("exec", { argv = { "/usr/bin/sha256sum", "--", self.dump } })
  if sum.status ~= 0 then error(sum.stderr, 0) end
  return sum.stdout:match "^\\?(%x+)"
end

--- The database is complete.
function digester.on:begin()
  local ok, result = pcall(self.digest, self)
  if ok then
    self.sha256 = result
  else
    self.broken = ("%s cannot be written: %s"):format(self.dump, result.message or result)
  end
end

--- Waits in the mailbox until `begin` is done.
function digester.on:sha256() return { sha256 = self.sha256, broken = self.broken } end

return digester
