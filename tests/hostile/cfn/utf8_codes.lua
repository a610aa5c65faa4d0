-- attack: iterating and decoding a long text without an end
-- allowed: cpu_limit
local text = ("\u{10FFFF}"):rep(1000)
while true do
  for p, c in utf8.codes(text) do assert(p and c) end
  pcall(utf8.codepoint, text, 1, -1)
  pcall(utf8.char, 0x7FFFFFFF)
  text:gsub(utf8.charpattern, "")
end
