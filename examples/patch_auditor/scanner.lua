--- The scanner: finds the changelogs and hands them out, each to one reader at a time.
--
-- A reader asks for its next changelog with `next`. One that asks while it still holds a changelog has crashed and was
-- restarted: it gets the same one again, and after three attempts that changelog is listed as failed.
local troupe = require "troupe"
local scanner = troupe.actor "scanner"

local ATTEMPTS = 3

local function is_changelog(path) return path:match "[^/]*$":find "^changelog.*%.gz$" end

--- A path as the database has it: below the root.
local function name_of(path, root) return path:sub(1, #root + 1) == root .. "/" and path:sub(#root + 2) or path end

--- Adds what lies under a directory to `found`. If one of its directories cannot be listed, only that one is missing:
-- `failed(path, reason)` hears of it.
local function list(path, found, failed)
  local all, err = troupe.try_call("fs.list", { path = path, recursive = true, suffix = ".gz", max = 1000000 })
  local whole = all ~= nil
  if not whole then all, err = troupe.try_call("fs.list", { path = path, max = 1000000 }) end
  if not all then return failed(path, err.message) end
  for _, entry in ipairs(all) do
    if is_changelog(entry.path) then
      found[#found + 1] = entry
    elseif not whole and entry.type == "dir" and not entry.real then
      list(entry.path, found, failed)
    end
  end
end

--- The changelogs under `root`, largest first, each real path once.
local function find_changelogs(root, failed)
  local found, jobs, seen = {}, {}, {}
  list(root, found, failed)
  for _, entry in ipairs(found) do
    local path = entry.real or entry.path
    if entry.type == "link" then
      failed(path, "the link leads nowhere, or to where the audit may not read")
    elseif entry.type == "other" then
      failed(path, "is not a file")
    elseif entry.type == "file" and not seen[path] then
      seen[path] = true
      local name = name_of(path, root)
      jobs[#jobs + 1] = { path = path, name = name, package = name:match "^/?([^/]+)", size = entry.size, attempt = 0 }
    end
  end
  table.sort(jobs, function(a, b)
    if a.size ~= b.size then return a.size > b.size end
    return a.path < b.path
  end)
  return jobs
end

function scanner:init(args)
  self.store, self.progress = troupe.whereis "store", troupe.whereis "progress"
  self.root, self.status, self.sample = args.root, args.status, args.sample
  self.started_ms, self.failures = troupe.now_ms(), 0
  if self.sample then self.root, self.status = args.sample_root, args.sample_status end

  local function failed(path, reason) self:fail(path, reason) end
  self.queue = find_changelogs(self.root, failed)
  if #self.queue == 0 and self.failures == 0 and not self.sample then
    local note = "note: no changelog*.gz under %s; auditing the synthetic sample instead"
    self.progress:tell("say", note:format(self.root))
    self.root, self.status, self.sample = args.sample_root, args.sample_status, true
    self.queue = find_changelogs(self.root, failed)
  end
  self.total, self.done, self.taken = #self.queue, 0, 0
  self.total_bytes, self.done_bytes = 0, 0 -- compressed
  for _, job in ipairs(self.queue) do self.total_bytes = self.total_bytes + job.size end
  self.held = {} -- reader -> the changelog that it works on
end

--- Lists a path as failed; it is not counted as a changelog that was read.
function scanner:fail(path, reason)
  if reason:sub(1, #path + 2) == path .. ": " then reason = reason:sub(#path + 3) end -- the system's errors name it too
  self.failures = self.failures + 1
  self.store:tell("failed", name_of(path, self.root), reason)
  self.progress:tell("say", ("failed: %s: %s"):format(path, reason))
end

--- A reader is done with what it holds, or says why it cannot be read, or has been restarted; nil: none is left.
function scanner.on:next(reader, outcome, reason)
  local job = self.held[reader]
  if job and outcome == "crashed" and job.attempt >= ATTEMPTS then
    outcome, reason = "failed", ("its reader crashed %d times"):format(job.attempt)
  end
  if job and outcome ~= "crashed" then
    if outcome == "failed" then self:fail(job.path, reason) end
    self.done, self.done_bytes = self.done + 1, self.done_bytes + job.size
    job = nil
  end
  if not job then
    self.taken = self.taken + 1
    job = self.queue[self.taken]
  end
  if job then job.attempt = job.attempt + 1 end
  self.held[reader] = job
  self:answer_if_finished()
  return job
end

--- How many changelogs are done, and which part of all bytes that is.
function scanner.on:progress()
  return { done = self.done, total = self.total, part = self.done_bytes / math.max(1, self.total_bytes) }
end

--- What is audited.
function scanner.on:source()
  return { root = self.root, status = self.status, sample = self.sample, started_ms = self.started_ms }
end

--- Answers when the last changelog is done.
function scanner.on:finished()
  self.waiting = troupe.reply_later()
  self:answer_if_finished()
end

function scanner:answer_if_finished()
  if self.waiting and self.done == self.total then
    self.waiting:reply(true)
    self.waiting = nil
  end
end

return scanner
