-- Checks of the example's pure modules. An error ends the app with exit status 70.
local changelog = require "changelog"
local dpkg = require "dpkg"
local report = require "report"

--- A list of lists as text: fields by "|", rows by newline.
local function show(list)
  local lines = {}
  for i, row in ipairs(list) do
    local cells = {}
    for j, cell in ipairs(row) do cells[j] = tostring(cell) end
    lines[i] = table.concat(cells, "|")
  end
  return table.concat(lines, "\n")
end

local function expect(what, found, wanted)
  if found ~= wanted then error(("%s:\n--- found\n%s\n--- wanted\n%s"):format(what, found, wanted), 2) end
end

local function check_changelog(what, text, entries, fixes)
  local e, f = changelog.parse(text)
  expect(what .. ", entries", show(e), entries)
  expect(what .. ", fixes", show(f), fixes)
end

-- ---- changelogs ----------------------------------------------------------------------------------------------------

local trailer = " -- A B <a@example.org>  "
local one = "bash (5.2-1) unstable; urgency=medium\n\n  * CVE-2024-0001, CVE-2024-0001.\n\n" .. trailer ..
  "Mon, 02 Jan 2023 10:20:30 +0100\n"

check_changelog("nothing", "", "", "")
check_changelog("white space only", "\n\n  \n", "", "")
check_changelog("one entry names an id twice", one, "bash|5.2-1|unstable|2023-01-02|medium",
  "5.2-1|CVE-2024-0001|2023-01-02|medium")
check_changelog("blank lines before the first entry", "\n\n" .. one, "bash|5.2-1|unstable|2023-01-02|medium",
  "5.2-1|CVE-2024-0001|2023-01-02|medium")
check_changelog("no newline at the end", one:sub(1, -2), "bash|5.2-1|unstable|2023-01-02|medium",
  "5.2-1|CVE-2024-0001|2023-01-02|medium")
check_changelog("upstream", "2021  CVE-2021-12345 and CVE-2021-12345\nCVE-2021-123 CVE-99-1 CVE-", "",
  "|CVE-2021-12345||")
check_changelog("the same id in two entries", one .. "\n" .. one:gsub("5%.2", "5.1"),
  "bash|5.2-1|unstable|2023-01-02|medium\nbash|5.1-1|unstable|2023-01-02|medium",
  "5.2-1|CVE-2024-0001|2023-01-02|medium\n5.1-1|CVE-2024-0001|2023-01-02|medium")
check_changelog("days of one digit, long month, comment after the urgency, several distributions",
  "x (1:2~rc1+b2) a b-security; urgency=LOW (high for z)\n\n  * z\n\n" .. trailer ..
  "Sat,  9 February 2002 23:59:59 -0800\n",
  "x|1:2~rc1+b2|a b-security|2002-02-09|low", "")
check_changelog("priority, as in 1995", "dpkg (0.93) BETA; priority=LOW\n\n  * z\n\n" .. trailer ..
  "Mon, 5 Jun 1995 02:06:31 +0100\n", "dpkg|0.93|BETA|1995-06-05|low", "")
check_changelog("an entry without trailer ends at the next header",
  "a (2) u; urgency=low\n\n  * CVE-2001-0002\n\na (1) u; urgency=high\n\n  * CVE-2001-0001\n\n" .. trailer ..
  "Mon, 1 Jan 2001 00:00:00 +0000\n",
  "a|2|u||low\na|1|u|2001-01-01|high", "2|CVE-2001-0002||low\n1|CVE-2001-0001|2001-01-01|high")
check_changelog("the last entry without trailer", "a (2) u; urgency=low\n\n  * CVE-2001-0002", "a|2|u||low",
  "2|CVE-2001-0002||low")
check_changelog("a header quoted in a change is none",
  "a (2) u; urgency=low\n\n  * Said:\n    b (1) u; urgency=high\n\n" .. trailer .. "Mon, 1 Jan 2001 00:00:00 +0000\n",
  "a|2|u|2001-01-01|low", "")
check_changelog("a signature without date is no trailer",
  "a (2) u; urgency=low\n\n -- somebody\n  * CVE-2001-0002\n" .. trailer .. "Mon, 1 Jan 2001 00:00:00 +0000\n",
  "a|2|u|2001-01-01|low", "2|CVE-2001-0002|2001-01-01|low")
check_changelog("text around entries", "Intro CVE-2000-0009\n\n" .. one .. "\nOld ChangeLog:\nCVE-2000-0008\n\n" .. one,
  "bash|5.2-1|unstable|2023-01-02|medium\nbash|5.2-1|unstable|2023-01-02|medium",
  "|CVE-2000-0009||\n5.2-1|CVE-2024-0001|2023-01-02|medium\n|CVE-2000-0008||\n5.2-1|CVE-2024-0001|2023-01-02|medium")
check_changelog("bytes that are no text", "a (2) u; urgency=low\n\n  * \0\255CVE-2001-0002\200\n -- \233 <a@b>  " ..
  "Mon, 1 Jan 2001 00:00:00 +0000\n", "a|2|u|2001-01-01|low", "2|CVE-2001-0002|2001-01-01|low")
check_changelog("a version that is none", "a (\255) u; urgency=low\nCVE-2001-0002\n", "", "|CVE-2001-0002||")

-- Reading takes time in proportion to the length, whatever the text.
local long = ("; urgency="):rep(50000) .. "\n" .. ("\n -- "):rep(50000) .. "CVE-2001-0002"
check_changelog("marks without end", long, "", "|CVE-2001-0002||")

-- ---- dpkg ----------------------------------------------------------------------------------------------------------

local packages = dpkg.packages [[
Package: a
Status: install ok installed
Architecture: amd64
Version: 1.0-1+b2
Source: src-a (1.0-1)
Depends: b (>= 2) | c:any, virtual,
 gone

Package: old
Status: deinstall ok config-files
Version: 1


Package: b
Status: hold ok installed
Architecture: all
Version: 3
Pre-Depends: d
Provides: virtual (= 1), other

Package: d
Status: install ok installed
Architecture: all
Version: 4]]
local names = {}
for i, p in ipairs(packages) do
  names[i] = { p.name, p.architecture, p.version, p.source, p.source_version, p.depends, p.pre_depends, p.provides }
end
expect("packages", show(names), [[
a|amd64|1.0-1+b2|src-a|1.0-1|b (>= 2) | c:any, virtual, gone||
b|all|3|b|3||d|virtual (= 1), other
d|all|4|d|4|||]])
local depends = dpkg.depends(packages)
expect("depends", show(depends), [[
a|Depends|1|b|>= 2|b
a|Depends|1|c||
a|Depends|2|virtual||b
a|Depends|3|gone||
b|Pre-Depends|1|d||d]])
local direct, all = dpkg.dependents(depends)
expect("dependents", show { { direct.a or 0, direct.b, direct.d }, { all.a or 0, all.b, all.d } }, "0|1|1\n0|1|2")

local circle = { { "x", "Depends", 1, "y", "", "y" }, { "y", "Depends", 1, "x", "", "x" } }
direct, all = dpkg.dependents(circle)
expect("a circle", show { { direct.x, all.x, direct.y, all.y } }, "1|1|1|1")

-- ---- report --------------------------------------------------------------------------------------------------------

expect("escape", report.escape "<a href='x'>&\"\255\0é", "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{FFFD}\u{FFFD}é")

local evil = "<script>alert(1)</script>"
local page = report.page {
  root = evil, status = evil, written = evil, newest = evil,
  years = { { year = "2001", cves = 1 }, { year = "2003", cves = 2 } },
  totals = { packages = 1, changelogs = 1234567, entries = 1, distinct_cves = 1, fixed_packages = 1, failed = 0 },
  sources = { { label = evil, note = evil, value = 3 } }, dependents = {},
  fixes = { { package = evil, version = evil, date = evil, urgency = evil, n = 7, cves = evil } },
  failures = { { path = evil, text = evil } }, notes = {},
}
expect("markup from outside", tostring(page:find(evil, 1, true)), "nil")
assert(page:find("1,234,567", 1, true), "numbers are grouped")
assert(page:find("<title>2002: 0</title>", 1, true), "a year without fixes has its place")
assert(not page:find("https?://"), "nothing comes from outside")
