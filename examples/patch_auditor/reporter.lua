--- The reporter: waits until everything is in the store, asks the database, writes the report, and ends the app with
--- the summary.
local troupe = require "troupe"
local report = require "report"

local args = ...
local patient = { timeout_ms = "infinity" }
local scanner, store = troupe.whereis "scanner", troupe.whereis "store":with(patient)
local digester, progress = troupe.whereis "digester":with(patient), troupe.whereis "progress"
local database, page = args.out .. "/audit.db", args.out .. "/report.html"

--- Ends the audit: nothing that was counted is shown, since it may be wrong.
local function give_up(reason)
  progress:ask("close", {})
  troupe.exit("error", reason)
end

local function query(sql)
  local result, err = troupe.try_call("sqlite", { path = database, sql = sql })
  if not result then give_up(("%s cannot be read: %s"):format(database, err.message)) end
  return result.rows
end

-- ---- wait ----------------------------------------------------------------------------------------------------------

local source = scanner:ask "source"
scanner:with(patient):ask "finished"
local broken = store:ask "finish".broken
if broken then give_up(broken) end
assert(digester:tell "begin")

-- ---- ask -----------------------------------------------------------------------------------------------------------

local totals = query [[
  SELECT (SELECT count(*) FROM packages) AS packages, (SELECT count(*) FROM changelogs) AS changelogs,
         (SELECT count(*) FROM entries) AS entries, (SELECT count(*) FROM failures) AS failed,
         count(DISTINCT cve) AS distinct_cves, count(DISTINCT package) AS fixed_packages, max(date) AS newest
  FROM fixes]][1]

local sources = query [[
  SELECT coalesce(p.source, f.package) AS label, count(DISTINCT f.cve) AS value,
         group_concat(DISTINCT f.package) AS note
  FROM fixes f LEFT JOIN packages p ON p.name = f.package GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 15]]

local dependents = query [[
  SELECT p.name AS label, max(p.dependents_all) AS value,
         max(p.dependents) || ' directly; ' || count(DISTINCT f.cve) || ' CVE ids' AS note
  FROM packages p JOIN fixes f ON f.package = p.name GROUP BY p.name ORDER BY 2 DESC, 1 LIMIT 15]]

local fixes = query [[
  SELECT f.package, f.version, f.date, f.urgency, count(*) AS n, group_concat(f.cve, ' ') AS cves,
         p.version AS installed, p.dependents, p.dependents_all
  FROM fixes f LEFT JOIN (SELECT name, max(version) AS version, max(dependents) AS dependents,
                                 max(dependents_all) AS dependents_all FROM packages GROUP BY name) p
       ON p.name = f.package
  GROUP BY f.package, f.version, f.date, f.urgency ORDER BY f.date DESC, f.package, f.version]]

local years = query [[
  SELECT substr(date, 1, 4) AS year, count(DISTINCT cve) AS cves FROM fixes WHERE date <> '' GROUP BY 1 ORDER BY 1]]
local failures = query "SELECT path, reason AS text FROM failures ORDER BY path"
local notes = query [[
  SELECT path, remark || '; read as bytes' AS text FROM changelogs WHERE remark <> '' ORDER BY path]]

-- ---- write ---------------------------------------------------------------------------------------------------------

local html = report.page {
  root = source.root, status = source.status, sample = source.sample, written = os.date "!%Y-%m-%d %H:%M",
  totals = totals, newest = totals.newest or "", years = years, sources = sources, dependents = dependents,
  fixes = fixes, failures = failures, notes = notes,
}
local written, err = troupe.try_call("fs.write", { path = page, data = html })
if not written then give_up(("%s cannot be written: %s"):format(page, err.message)) end
local digest = digester:ask "sha256"
if digest.broken then give_up(digest.broken) end

local stats, dead = troupe.stats(), 0
for _, count in pairs(stats.dead) do dead = dead + count end

local lines = {}
local function say(format, ...) lines[#lines + 1] = format:format(...) end
for i = 1, math.min(#notes, 3) do say("note: %s: %s", notes[i].path, notes[i].text) end
if #notes > 3 then say("note: %d more are not UTF-8; the report lists them", #notes - 3) end
if #failures > 0 then say("note: %d could not be read; the totals are without them", #failures) end
if source.sample then say "note: these are the figures of the synthetic sample, not of this machine" end
say("report: %s", page)
say("database: %s", database)
say("packages: %d", totals.packages)
say("changelogs: %d", totals.changelogs)
say("entries: %d", totals.entries)
say("distinct_cves: %d", totals.distinct_cves)
say("restarts: %d", stats.restarts)
say("retries: %d", stats.retries)
say("breaker_trips: %d", stats.breaker_trips)
say("dead_letters: %d", dead)
say("seconds: %.2f", (troupe.now_ms() - source.started_ms) / 1000)
say("sha256: %s", digest.sha256)
progress:ask("close", lines)
