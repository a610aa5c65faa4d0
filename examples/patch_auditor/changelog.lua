--- Reads changelogs: versions, dates, urgencies, CVE ids. Pure: text in, tables out.
--
-- A Debian changelog is a list of entries:
--
--     bash (5.2.15-2) unstable; urgency=medium
--
--       * Fix CVE-2024-0001.
--
--      -- Jane Doe <jane@example.org>  Mon, 02 Jan 2023 10:20:30 +0100
--
-- Everything else is an upstream changelog. It has no entries; what it names has no version.
--
-- The text may be many megabytes, so it is never cut into lines: plain `find` jumps from mark to mark, and patterns run
-- only where they are anchored.
local find, match, sub = string.find, string.match, string.sub

local M = {}

local HEADER = "^(%w[%w%.%+%-]*) %(([%w%.%+%-:~]+)%)([^;\n]*);([^\n]*)"
local TRAILER = "^\n %-%- [^\n]*> *%a*,? *(%d%d?) (%a%a%a)%a* (%d%d%d%d)"
local MONTHS = { Jan = "01", Feb = "02", Mar = "03", Apr = "04", May = "05", Jun = "06",
                 Jul = "07", Aug = "08", Sep = "09", Oct = "10", Nov = "11", Dec = "12" }

--- The first header at or after `from` that has the mark ("; urgency=", or "; priority=" as in 1995) in its line.
local function find_header(text, mark, from)
  local at = find(text, mark, from, true)
  while at do
    local window = math.max(from, at - 300)
    local behind_newline = match(sub(text, window, at), "^.*\n()")
    local start = behind_newline and window + behind_newline - 1 or window
    if find(text, HEADER, start) then return start end
    at = find(text, mark, at + 1, true)
  end
end

--- A function that gives the first header at or after `from`; asked for growing `from` it reads the text once.
local function header_finder(text)
  local urgency, priority = 0, 0
  return function(from)
    if urgency and urgency < from then urgency = find_header(text, "; urgency=", from) end
    if priority and priority < from then priority = find_header(text, "; priority=", from) end
    return urgency and priority and math.min(urgency, priority) or urgency or priority
  end
end

--- The next trailer at or after `from`: its place and its date as YYYY-MM-DD, as written, in its own time zone.
local function next_trailer(text, from)
  local at = find(text, "\n -- ", from, true)
  while at do
    local day, month, year = match(text, TRAILER, at)
    month = MONTHS[month]
    if month then return at, year .. "-" .. month .. "-" .. (#day == 1 and "0" .. day or day) end
    at = find(text, "\n -- ", at + 5, true)
  end
end

--- A function that collects the distinct CVE ids from where it stopped last up to `stop`, in the order of the text.
local function cve_reader(text)
  local at = find(text, "CVE-", 1, true)
  return function(stop, collect)
    if not at or at >= stop then return end
    local seen = {}
    repeat
      local cve = match(text, "^CVE%-%d%d%d%d%-%d%d%d%d+", at)
      if cve and not seen[cve] then
        seen[cve] = true
        collect(cve)
      end
      at = find(text, "CVE-", at + 4, true)
    until not at or at >= stop
  end
end

--- Parses one changelog.
-- @tparam string text
-- @treturn table  entries: a list of { source, version, distribution, date, urgency }, newest first as in the text.
--   A field that the text does not give is "".
-- @treturn table  fixes: a list of { version, cve, date, urgency }. What stands outside of entries has version, date
--   and urgency "".
function M.parse(text)
  local entries, fixes = {}, {}
  local collect_cves = cve_reader(text)
  local version, date, urgency = "", "", ""
  local function collect(cve) fixes[#fixes + 1] = { version, cve, date, urgency } end

  local loose -- CVE ids outside of entries: once for each file
  local function collect_loose(cve)
    loose = loose or {}
    if loose[cve] then return end
    loose[cve] = true
    fixes[#fixes + 1] = { "", cve, "", "" }
  end

  local next_header = header_finder(text)
  local start = find(text, "[^\r\n]") or 1
  if not find(text, HEADER, start) then start = next_header(start) end
  local another = start -- the first header found by its urgency that is not behind us
  local trailer, trailer_date = 0, nil
  while start do
    collect_cves(start, collect_loose)
    local source, distribution, rest, head_end
    head_end, source, version, distribution, rest = select(2, find(text, HEADER, start))
    urgency = (match(rest, "urgency=(%a+)") or match(rest, "priority=(%a+)") or ""):lower()

    if trailer and trailer <= head_end then trailer, trailer_date = next_trailer(text, head_end) end
    if another and another <= start then another = next_header(head_end) end
    local stop
    if trailer and not (another and another < trailer) then
      stop, date = trailer, trailer_date
    else -- an entry without a trailer ends where the next one begins
      stop, date = another or #text + 1, ""
    end
    entries[#entries + 1] = { source, version, match(distribution, "^ *([%w%.%+%- ]-) *$") or "", date, urgency }
    collect_cves(stop, collect)

    if stop == trailer then
      start = find(text, "[^\r\n]", (find(text, "\n", stop + 1, true) or #text) + 1)
      if start and start ~= another and not find(text, HEADER, start) then start = another end
    else
      start = another
    end
  end
  collect_cves(#text + 1, collect_loose)
  return entries, fixes
end

return M
