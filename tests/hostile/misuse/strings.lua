-- attack: the functions of string at the edges of integers and with wrong formats
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local edges = { math.mininteger, math.mininteger + 1, -1, 0, 1, math.maxinteger - 1, math.maxinteger }
for _, i in ipairs(edges) do
  for _, j in ipairs(edges) do
    string.sub("abc", i, j)
    string.byte("abc", i, j)
    string.find("abc", "b", i, j > 0)
    string.match("abc", "(.)()", i)
    pcall(string.gmatch("abc", ".", i))
    pcall(string.unpack, "i4", "abcd", i)
    pcall(string.char, i, j)
    pcall(string.gsub, "abc", "b", "x", i)
  end
end
for _, format in ipairs { "%", "%y", "%10.123d", "%-+ #0099d", "%d", "%s", "%q", "%c", "%5%", "%.20s", "%a", "%ll", "%\0", ("%"):rep(1000) } do
  for _, x in ipairs { 1, 1.5, "x", {}, print, math.mininteger, 1 / 0 } do pcall(string.format, format, x) end
  pcall(string.format, format)
end
for _, format in ipairs { "i17", "i0", "!17", "s", "s1", "z", "Xz", "X", "j", "<>=!", "c", "c999", "i16", " ", "s16", "b" } do
  pcall(string.pack, format, 1) pcall(string.pack, format, "x\0y") pcall(string.packsize, format) pcall(string.unpack, format, "x")
  pcall(string.unpack, format, ("\255"):rep(64))
end
assert(not pcall(string.gsub, "x", "x", "%2") and not pcall(string.gsub, "x", "x", true) and not pcall(string.gsub, "x", "x"))
assert(not pcall(string.upper) and not pcall(string.lower, {}) and not pcall(string.reverse) and not pcall(string.len, {}))
