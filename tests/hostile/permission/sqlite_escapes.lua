-- attack: statements that reach other files, libraries and settings of the process
-- allowed: normal
-- grants: fs=rw
-- limits: cpu_ms_per_message=2000
local troupe = require "troupe"
local dir = troupe.args.dir
local function exec(sql) return troupe.try_call("sqlite", { path = dir .. "/a.db", op = "exec", sql = sql }) end
assert(exec "create table if not exists t (x)")
for _, sql in ipairs {
  "attach '" .. dir .. "/../outside.txt' as o", "attach ':memory:' as m", "vacuum into '" .. dir .. "/../copy.db'",
  "select load_extension('/lib/x86_64-linux-gnu/libc.so.6')", "select readfile('/etc/passwd')",
  "select writefile('" .. dir .. "/../w', 'x')", "pragma temp_store_directory = '/etc'", "detach main",
  "create virtual table v using fts3tokenize('/etc/passwd')", "select fts3_tokenizer('x', x'00')",
} do
  local value, e = exec(sql)
  assert(value == nil, sql)
  assert(not tostring(e):find "xyzzy")
end
