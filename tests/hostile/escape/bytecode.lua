-- attack: precompiled code, whole, cut and with each header byte changed
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local header = "\27LuaT\0\x19\x93\r\n\x1a\n\4\8\8\x78\x56\0\0\0\0\0\0\0\0\0\0\0\x28\x77\x40\1"
for i = 1, #header do
  local chunk = header:sub(1, i)
  for _, mode in ipairs { "b", "bt", "t", "" } do
    local f, e = load(chunk, "x", mode)
    assert(f == nil and type(e) == "string")
  end
  local done = false
  local f = load(function()
    if done then return nil end
    done = true
    return chunk
  end, "x", "b")
  assert(f == nil)
end
