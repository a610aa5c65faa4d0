--- The tables of audit.db, and the canonical dump: the same input gives the same dump, whoever read what and when.
local M = {}

-- A `text` may hold any byte; a `word` has passed a pattern that lets no tab, newline or backslash through.
local TABLES = {
  { "changelogs", "path text, package text, bytes number, entries number, remark text" },
  { "depends", "package text, kind word, position number, depends_on text, version text, provider text" },
  { "entries", "package text, path text, position number, source word, version word, distribution word, date word, " ..
               "urgency word" },
  { "failures", "path text, reason text" },
  { "fixes", "package text, version word, cve word, date word, urgency word" },
  { "packages", "name text, architecture text, version text, source text, source_version text, section text, " ..
                "dependents number, dependents_all number" },
}

local SQL_TYPE = { text = "TEXT NOT NULL", word = "TEXT NOT NULL", number = "INTEGER NOT NULL" }

-- Keys are whole rows: equal rows are one, and reading in the order of the key needs no sorting.
local CREATE = "DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({columns}, PRIMARY KEY ({names})) WITHOUT ROWID;\n"
local INSERT = "INSERT OR IGNORE INTO {name} VALUES ({marks})"
local DUMP = [[
  SELECT count(*) AS count, group_concat(line, '') AS lines
  FROM (SELECT '{name}' || char(9) || {cells} || char(10) AS line FROM {name} ORDER BY {names} LIMIT ? OFFSET ?)]]
local ESCAPE = [[replace(replace(replace({column}, '\', '\\'), char(9), '\t'), char(10), '\n')]]

M.DUMP_ROWS = 20000 -- that one dump query gives
M.create = ""       -- a script
M.insert = {}       -- table -> statement
M.dump = {}         -- queries in the order of the dump; parameters: LIMIT, OFFSET

local function fill(template, fields) return (template:gsub("{(%l+)}", fields)) end

for i, t in ipairs(TABLES) do
  local columns, names, marks, cells = {}, {}, {}, {}
  for column, kind in t[2]:gmatch "([%l%d_]+) (%l+)" do
    local n = #names + 1
    columns[n], names[n], marks[n] = column .. " " .. SQL_TYPE[kind], column, "?"
    cells[n] = kind == "text" and fill(ESCAPE, { column = column }) or column
  end
  local fields = {
    name = t[1], columns = table.concat(columns, ", "), names = table.concat(names, ", "),
    marks = table.concat(marks, ", "), cells = table.concat(cells, " || char(9) || "),
  }
  M.create = M.create .. fill(CREATE, fields)
  M.insert[t[1]] = fill(INSERT, fields)
  M.dump[i] = fill(DUMP, fields)
end

return M
