-- attack: names of chunks that pretend to be files of the host
-- allowed: normal
for _, name in ipairs { "@/etc/passwd", "=/etc/shadow", "@../../x", ("y"):rep(5000), "a\nb", "\27[31m" } do
  local f = assert(load("error 'x'", name))
  local _, e = pcall(f)
  assert(e:find "^%(load%):1: x$", e)
  local _, syntax = load("return return", name)
  assert(syntax:find "^%(load%):1:", syntax)
  assert(not debug.traceback("", 1):find("etc", 1, true))
end
