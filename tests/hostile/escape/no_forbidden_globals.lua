-- attack: every name through which other sandboxes were left
-- allowed: normal
for _, name in ipairs { "io", "package", "dofile", "loadfile", "loadstring", "setfenv", "getfenv",
                        "newproxy", "warn", "module", "unpack", "bit32", "jit", "arg", "ffi" } do
  assert(_G[name] == nil and rawget(_G, name) == nil, name)
end
for _, name in ipairs { "execute", "exit", "getenv", "remove", "rename", "setlocale", "tmpname" } do
  assert(os[name] == nil, name)
end
for name in pairs(debug) do assert(name == "traceback", name) end
assert(string.dump == nil and ("").dump == nil)
