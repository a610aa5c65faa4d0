--- A reader: takes a changelog from the scanner, unzips and parses it, hands what it found to the store; until none is
--- left. If it crashes, its supervisor starts it again, and its first question says so to the scanner.
local troupe = require "troupe"
local changelog = require "changelog"

local args = ...
local scanner, store = troupe.whereis "scanner", troupe.whereis "store"

local function gunzip(path, as_utf8)
  return troupe.try_call("gunzip", { path = path, max_bytes = args.max_bytes, utf8 = as_utf8 })
end

--- Unzips and parses one changelog. Returns what became of it, as the scanner's `next` wants to know it.
local function read(job)
  if args.crash ~= "" and job.attempt <= args.crashes and job.path:find(args.crash, 1, true) then
    error("made to crash by --crash")
  end
  local text, err = gunzip(job.path, true)
  local remark = ""
  if err and err.code == "not_utf8" then -- read as bytes then, but not tacitly
    remark = err.message
    text, err = gunzip(job.path, false)
  end
  if not text then return "failed", err.message end
  local entries, fixes = changelog.parse(text)
  assert(store:tell("changelog", {
    path = job.name, package = job.package, bytes = #text, remark = remark,
    entries = troupe.array(entries), fixes = troupe.array(fixes),
  }))
  return "done"
end

local job = scanner:ask("next", args.id, "crashed")
while job do job = scanner:ask("next", args.id, read(job)) end
