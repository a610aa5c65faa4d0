--- Writes the report: one HTML page that needs nothing from outside. Pure: tables in, text out.
local M = {}

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text as it may stand in HTML and in quoted attributes: markup escaped, control characters and bytes that are no
--- UTF-8 replaced.
function M.escape(value)
  local text = tostring(value)
  local length, bad = utf8.len(text)
  while not length do
    text = text:sub(1, bad - 1) .. "\u{FFFD}" .. text:sub(bad + 1)
    length, bad = utf8.len(text, bad)
  end
  return (text:gsub("[%z\1-\8\11\12\14-\31\127]", "\u{FFFD}"):gsub("[&<>\"']", ESCAPES))
end

--- Fills a template: {name} is replaced by that field, escaped; {{name}} by that field, which is HTML already.
local function fill(template, fields)
  return (template:gsub("({+)([%l_]+)}+", function(open, name)
    local value = fields[name] == nil and "" or fields[name]
    return open == "{{" and value or M.escape(value)
  end))
end

--- The templates of a list's elements, filled and joined.
local function each(list, template)
  local parts = {}
  for i, fields in ipairs(list) do parts[i] = fill(template, fields) end
  return table.concat(parts)
end

--- 12345 as 12,345.
local function grouped(n)
  local text = tostring(n)
  local count
  repeat text, count = text:gsub("^(%d+)(%d%d%d)", "%1,%2") until count == 0
  return text
end

local function largest(list, key)
  local most = 1
  for _, fields in ipairs(list) do most = math.max(most, fields[key]) end
  return most
end

-- ---- plots ---------------------------------------------------------------------------------------------------------

--- Upright bars, one for each year; years without fixes keep their place.
local function year_plot(years)
  if #years == 0 then return "<p>No entry with a date names a CVE id.</p>" end
  local by_year = {}
  for _, y in ipairs(years) do by_year[tonumber(y.year)] = y.cves end
  local first, last = tonumber(years[1].year), tonumber(years[#years].year)
  local most, step = largest(years, "cves"), 960 / (last - first + 1)
  local bars = {}
  for year = first, last do
    local cves = by_year[year] or 0
    local height, width, middle = 200 * cves / most, math.min(60, step * 0.8), 20 + (year - first + 0.5) * step
    bars[#bars + 1] = {
      year = year, cves = cves, label = cves > 0 and grouped(cves) or "",
      x = ("%.1f"):format(middle - width / 2), width = ("%.1f"):format(width), middle = ("%.1f"):format(middle),
      y = ("%.1f"):format(230 - height), height = ("%.1f"):format(height), above = ("%.1f"):format(224 - height),
    }
  end
  return '<svg viewBox="0 0 1000 260" role="img" aria-label="CVE ids by year">' ..
    '<line class="axis" x1="20" y1="230" x2="980" y2="230"/>' .. each(bars, [[

<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2"><title>{year}: {cves}</title></rect>
<text class="value" x="{middle}" y="{above}">{label}</text><text x="{middle}" y="250">{year}</text>]]) .. "</svg>"
end

--- Lying bars with a label on the left; list: { label, note, value }.
local function bar_plot(list)
  local most = largest(list, "value")
  local bars = {}
  for i, item in ipairs(list) do
    local width = math.max(1, 330 * item.value / most)
    bars[i] = {
      label = #item.label > 26 and item.label:sub(1, 25) .. "…" or item.label, note = item.note,
      value = grouped(item.value), y = i * 24 - 18, base = i * 24 - 5,
      width = ("%.1f"):format(width), right = ("%.1f"):format(width + 208),
    }
  end
  return fill('<svg class="lying" viewBox="0 0 600 {height}" role="img">', { height = #list * 24 + 6 }) .. each(bars, [[

<text class="label" x="192" y="{base}">{label}<title>{note}</title></text>
<rect x="200" y="{y}" width="{width}" height="16" rx="2"><title>{note}</title></rect>
<text class="number" x="{right}" y="{base}">{value}</text>]]) .. "</svg>"
end

-- ---- the page ------------------------------------------------------------------------------------------------------

local STYLE = [[
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6b7e; --line: #dfe4ea; --paper: #ffffff; --wash: #f4f6f9;
  --bar: #2f6fb3; --warn: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #97a3b4; --line: #323b47; --paper: #171c23;
  --wash: #1f262f; --bar: #5f9fe0; --warn: #e79a63; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -.02em; }
h2 { margin: 2.5rem 0 .3rem; font-size: 1.15rem; }
p { margin: .2rem 0 .8rem; color: var(--soft); max-width: 60rem; }
code { font: .92em ui-monospace, monospace; }
.banner { margin: 1rem 0; padding: .7rem 1rem; border-left: 4px solid var(--warn); background: var(--wash);
  color: var(--ink); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .8rem; margin: 1.5rem 0; }
.tiles div { padding: .9rem 1rem; border-radius: 8px; background: var(--wash); }
.tiles b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles b { white-space: nowrap; }
.tiles span { color: var(--soft); font-size: .85rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 0 2.5rem; }
svg { display: block; width: 100%; height: auto; }
svg.lying { max-width: 40rem; }
svg text { fill: var(--soft); font-size: 11px; text-anchor: middle; }
svg rect { fill: var(--bar); }
svg .axis { stroke: var(--line); }
svg .value, svg .number { fill: var(--ink); }
svg .label { fill: var(--ink); font-size: 13px; text-anchor: end; }
svg .number { font-size: 12px; text-anchor: start; }
input { width: 100%; max-width: 28rem; padding: .45rem .7rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--paper); color: inherit; font: inherit; }
#count { margin-left: .8rem; color: var(--soft); }
.scroll { margin-top: .8rem; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .88rem; }
th, td { padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { white-space: nowrap; }
#fixes th { cursor: pointer; user-select: none; }
th[aria-sort=ascending]::after { content: " \25B2"; } th[aria-sort=descending]::after { content: " \25BC"; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } th.n { text-align: right; }
td.v { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; min-width: 8rem; } td.d { white-space: nowrap; }
td.c { min-width: 18rem; white-space: nowrap; } summary { cursor: pointer; color: var(--soft); }
.high, .critical, .emergency { color: var(--warn); font-weight: 600; }
]]

-- Sorting reads what a cell shows, or its data-s; the filter reads the row's text.
local SCRIPT = [[
const table = document.getElementById('fixes'), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
const rows = [...body.rows], filter = document.getElementById('filter'), count = document.getElementById('count');
const texts = new Map(rows.map(r => [r, r.textContent.toLowerCase()]));
const key = (row, i) => row.cells[i].dataset.s ?? row.cells[i].textContent;
heads.forEach((head, i) => head.onclick = () => {
  const down = head.getAttribute('aria-sort') === 'ascending', sign = down ? -1 : 1;
  const number = head.classList.contains('n');
  heads.forEach(h => h.removeAttribute('aria-sort'));
  head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  rows.sort((a, b) => sign * (number ? key(a, i) - key(b, i) : key(a, i).localeCompare(key(b, i))));
  body.append(...rows);
});
filter.oninput = () => {
  const words = filter.value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const row of rows) shown += !(row.hidden = !words.every(w => texts.get(row).includes(w)));
  count.textContent = shown.toLocaleString('en') + ' of ' + rows.length.toLocaleString('en') + ' rows';
};
filter.oninput();
]]

local BANNER = [[
<div class="banner">This is the small <b>synthetic sample</b> that comes with the example. Its packages and CVE ids are
invented; nothing here is about this machine.</div>]]

local PAGE = [[
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Patch audit</title>
<style>
{{style}}</style></head><body>
<h1>Patch audit</h1>
<p>Which fixes reached this machine, when, and what depends on them. Changelogs of <code>{root}</code>, packages of
<code>{status}</code>; written {written} UTC.</p>
{{banner}}
<div class="tiles">{{tiles}}</div>

<h2>CVE ids by year</h2>
<p>Distinct ids that changelog entries of that year name. An id that several years name counts in each.</p>
{{years}}

<div class="pair"><div>
<h2>Source packages with the most fixes</h2>
<p>Distinct CVE ids in the changelogs of all installed packages that are built from it.</p>
{{sources}}
</div><div>
<h2>What depends on fixed packages</h2>
<p>Packages with at least one fix, by how many installed packages depend on them, directly or through others.</p>
{{dependents}}
</div></div>

<h2>Every fix</h2>
<p>One row for each changelog entry that names CVE ids. Date and urgency are the entry's: when the fix was released,
not when it was installed here. Without a version, it is an upstream changelog that names the ids. Click a heading to
sort.</p>
<input id="filter" type="search" placeholder="Filter: openssl high 2024" aria-label="Filter"><span id="count"></span>
<div class="scroll"><table id="fixes"><thead><tr><th>Package</th><th>Installed</th><th>Fixed in</th>
<th aria-sort="descending">Date</th><th>Urgency</th><th class="n">CVEs</th><th>CVE ids</th>
<th class="n">Depend directly</th><th class="n">Depend in all</th></tr></thead><tbody>
{{rows}}</tbody></table></div>

<h2>Changelogs that could not be read</h2>
{{failures}}
{{notes}}

<h2>How to read this</h2>
<p>An id counts as a fix because a changelog that is installed here names it. Changelogs also name ids to say that a
package is <i>not</i> affected; this page does not tell these apart. A package without a row is not free of flaws: its
changelog names none. Packages that are built from one source repeat its changelog, so the plots count sources and the
table lists packages. All numbers come from <code>audit.db</code>, beside this page.</p>
<script>
{{script}}</script>
</body></html>
]]

local ROW = [[
<tr><td>{package}</td><td class="v">{installed}</td><td class="v">{version}</td><td class="d">{date}</td>
<td class="{urgency}" data-s="{rank}">{urgency}</td><td class="n">{n}</td><td class="c">{{ids}}</td>
<td class="n">{dependents}</td><td class="n">{dependents_all}</td></tr>
]]

local RANKS = { low = 1, medium = 2, high = 3, critical = 4, emergency = 5 }

--- The ids of a row; more than a few fold away.
local function ids_of(row)
  local ids = M.escape(row.cves):gsub(" ", " <wbr>")
  return row.n <= 6 and ids or fill("<details><summary>{n} ids</summary>{{ids}}</details>", { n = row.n, ids = ids })
end

local function paths(list, heading)
  return fill([[<table><thead><tr><th>Changelog</th><th>{heading}</th></tr></thead><tbody>{{rows}}</tbody></table>]], {
    heading = heading, rows = each(list, "<tr><td class='v'>{path}</td><td>{text}</td></tr>\n") })
end

--- The whole page.
-- @tparam table d  root, status, written: texts; sample: true or nil; totals: name -> number; newest: date or "";
--   years: { year, cves }; sources: { label, note, value }; dependents: { label, note, value };
--   fixes: { package, installed, version, date, urgency, n, cves, dependents, dependents_all };
--   failures, notes: { path, text }
-- @treturn string
function M.page(d)
  local t = d.totals
  for _, row in ipairs(d.fixes) do
    row.rank, row.ids = RANKS[row.urgency] or 0, ids_of(row)
  end
  return fill(PAGE, {
    style = STYLE, script = SCRIPT, root = d.root, status = d.status, written = d.written,
    banner = d.sample and BANNER or "",
    tiles = each({
      { value = grouped(t.packages), label = "installed packages" },
      { value = grouped(t.changelogs),
        label = t.failed > 0 and "changelogs read, " .. t.failed .. " failed" or "changelogs, all of them read" },
      { value = grouped(t.entries), label = "changelog entries" },
      { value = grouped(t.distinct_cves), label = "distinct CVE ids" },
      { value = grouped(t.fixed_packages), label = "packages with a fix" },
      { value = d.newest == "" and "none" or d.newest, label = "newest entry with a fix" },
    }, "<div><b>{value}</b><span>{label}</span></div>\n"),
    years = year_plot(d.years), sources = bar_plot(d.sources), dependents = bar_plot(d.dependents),
    rows = each(d.fixes, ROW),
    failures = #d.failures > 0 and paths(d.failures, "Reason") or "<p>None.</p>",
    notes = #d.notes > 0 and "<h2>Read with a remark</h2>" .. paths(d.notes, "Remark") or "",
  })
end

return M
