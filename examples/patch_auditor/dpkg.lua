--- Reads dpkg's status file: the installed packages and who depends on whom. Pure: text in, tables out.
local M = {}

--- The installed packages of a status file, in its order.
-- @tparam string text
-- @treturn table  a list of { name, architecture, version, source, source_version, section, depends, provides }; the
--   last two are the fields as written, all are strings
function M.packages(text)
  local packages = {}
  text = text:gsub("\n[ \t]", " ") -- a line that begins with a blank continues the one before
  for stanza in (text .. "\n\n"):gmatch "(.-\n)\n+" do
    stanza = "\n" .. stanza
    local function field(name) return stanza:match("\n" .. name .. ": *([^\n]*)") end
    local name, status = field "Package", field "Status"
    if name and status and status:find " installed$" then
      local version = field "Version" or ""
      local source, source_version = (field "Source" or name):match "^(%S+) *%(?([^%)]*)"
      if source_version == "" then source_version = version end
      packages[#packages + 1] = {
        name = name, architecture = field "Architecture" or "", version = version,
        source = source, source_version = source_version, section = field "Section" or "",
        pre_depends = field "Pre%-Depends" or "", depends = field "Depends" or "",
        provides = field "Provides" or "",
      }
    end
  end
  return packages
end

--- The dependencies of the packages, alternative by alternative, each with the installed packages that have or provide
-- its name.
-- Versions in constraints are kept and not compared: dpkg has done that.
-- @tparam table packages  as returned by `packages`
-- @treturn table  a list of { package, kind, position, depends_on, constraint, provider }; provider is "" when nothing
--   installed has or provides the name
function M.depends(packages)
  local providers = {} -- of a name: a list of package names
  local function add(name, package)
    local list = providers[name] or {}
    if list[#list] ~= package then list[#list + 1] = package end
    providers[name] = list
  end
  for _, p in ipairs(packages) do
    add(p.name, p.name)
    for name in (p.provides .. ","):gmatch "%s*([^%s,%(]+)[^,]*," do add(name, p.name) end
  end

  local rows, none = {}, { "" }
  local function read(package, kind, field)
    local position = 0
    for group in (field .. ","):gmatch "([^,]+)," do
      position = position + 1
      for name, rest in (group .. "|"):gmatch "%s*([^%s|%(:]+)([^|]*)|" do
        local constraint = rest:match "%((.-)%)" or ""
        for _, provider in ipairs(providers[name] or none) do
          rows[#rows + 1] = { package, kind, position, name, constraint, provider }
        end
      end
    end
  end
  for _, p in ipairs(packages) do
    read(p.name, "Pre-Depends", p.pre_depends)
    read(p.name, "Depends", p.depends)
  end
  return rows
end

--- How many installed packages depend on each one: directly, and through others too.
-- @tparam table depends  as returned by `depends`
-- @treturn table  package -> number
-- @treturn table  package -> number
function M.dependents(depends)
  local by = {} -- package -> set and list of those that depend on it
  for _, row in ipairs(depends) do
    local package, provider = row[1], row[6]
    if provider ~= "" and provider ~= package then
      local list = by[provider] or {}
      if not list[package] then
        list[package] = true
        list[#list + 1] = package
      end
      by[provider] = list
    end
  end

  local direct, all = {}, {}
  for package, list in pairs(by) do
    local seen, queue, at = { [package] = true }, { package }, 1
    while queue[at] do
      for _, next_one in ipairs(by[queue[at]] or {}) do
        if not seen[next_one] then
          seen[next_one] = true
          queue[#queue + 1] = next_one
        end
      end
      at = at + 1
    end
    direct[package], all[package] = #list, #queue - 1
  end
  return direct, all
end

return M
