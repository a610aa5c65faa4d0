-- attack: counting and offsets from the end of long texts, quadratic
-- allowed: cpu_limit
local text = ("\u{20AC}"):rep(300000)
while true do
  assert(utf8.len(text) == 300000)
  utf8.offset(text, -300000)
  utf8.offset(text, 300000)
end
