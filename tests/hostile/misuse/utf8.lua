-- attack: texts that are no UTF-8, and positions inside of characters
-- allowed: normal
-- limits: cpu_ms_per_message=2000
local texts = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xfd\xbf\xbf\xbf\xbf\xbf", "\x80", "a\x80", "\xe2\x82", "é", "" }
local edges = { math.mininteger, -1, 0, 1, 2, 3, math.maxinteger }
for _, text in ipairs(texts) do
  for _, i in ipairs(edges) do
    for _, j in ipairs(edges) do
      pcall(utf8.len, text, i, j) pcall(utf8.len, text, i, j, true) pcall(utf8.codepoint, text, i, j) pcall(utf8.codepoint, text, i, j, true)
      pcall(utf8.offset, text, i, j)
    end
  end
  pcall(function() for _ in utf8.codes(text) do end end)
  pcall(function() for _ in utf8.codes(text, true) do end end)
  pcall(utf8.codes(text), text, math.maxinteger) pcall(utf8.codes(text), "x", -5)
end
for _, c in ipairs { -1, 0, 0x7FFFFFFF, 0x80000000, math.maxinteger, 1.5 } do pcall(utf8.char, c) end
assert(utf8.char() == "" and utf8.charpattern)
