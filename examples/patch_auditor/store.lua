--- The store: writes audit.db in few large transactions.
--
-- It holds the only copy of what the readers found, so nothing outlives it: the app's strategy is rest_for_one with the
-- store first. A failure to write is kept and told to whoever asks for the end.
local troupe = require "troupe"
local schema = require "schema"
local store = troupe.actor "store"

local ROWS = 4000 -- in one transaction

function store:init(args)
  self.path = args.out .. "/audit.db"
  self.pending, self.count = {}, 0 -- table -> rows
  self.seen = {}                   -- paths of changelogs that are in
  self:run { path = self.path, op = "exec", sql = schema.create }
end

--- Runs one call unless an earlier one has failed.
function store:run(call)
  if self.broken then return end
  local result, err = troupe.try_call("sqlite", call)
  if not result then self.broken = ("%s cannot be written: %s"):format(self.path, err.message) end
  return result
end

function store:flush()
  local statements = {}
  for name, rows in pairs(self.pending) do
    statements[#statements + 1] = { sql = schema.insert[name], rows = rows }
  end
  self.pending, self.count = {}, 0
  if #statements > 0 then self:run { path = self.path, op = "transaction", statements = statements } end
end

function store:add(name, row)
  local rows = self.pending[name] or {}
  rows[#rows + 1] = row
  self.pending[name] = rows
  self.count = self.count + 1
end

--- One changelog, from a reader. One that is in already was sent by a reader that crashed afterwards.
function store.on:changelog(c)
  if self.seen[c.path] then return end
  self.seen[c.path] = true
  for i, e in ipairs(c.entries) do self:add("entries", { c.package, c.path, i, table.unpack(e) }) end
  for _, f in ipairs(c.fixes) do self:add("fixes", { c.package, table.unpack(f) }) end
  self:add("changelogs", { c.path, c.package, c.bytes, #c.entries, c.remark })
  if self.count >= ROWS then self:flush() end
end

--- Rows of packages or depends, from the joiner.
function store.on:rows(name, rows)
  for _, row in ipairs(rows) do self:add(name, row) end
  if self.count >= ROWS then self:flush() end
end

function store.on:failed(path, reason) self:add("failures", { path, reason }) end

--- Something without which no total would be right.
function store.on:broken(reason) self.broken = self.broken or reason end

--- Writes what is left. Answers true, or false and why the database is not whole.
function store.on:finish()
  self:flush()
  return { broken = self.broken }
end

return store
