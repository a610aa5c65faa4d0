-- attack: sources on the edge of the grammar, compiled and run
-- allowed: normal
-- limits: cpu_ms_per_message=2000
for _, source in ipairs {
  "local _ENV <const> = {}; x = 1; return function() return ~'1' & 7 end",
  "local x <close> = nil; goto e; local y ::e::", "::a:: ::a::", "break", "return ...", "local a <const> = 1; a = 2",
  "local a <close>, b <close> = nil, nil", "for i = 1, 3 do local x <close> = nil if i == 2 then break end end return 7",
  "return 1 // 0, 1 % 0", "return 1 << 1000, 1 >> -1, ~0 // -1", "return math.mininteger // -1, math.mininteger % -1",
  "return '\\u{7FFFFFFF}', '\\xff\\z   x'", "return 0x1p99999, 0xffffffffffffffffffff, 1e400", "return '" .. ("\\065"):rep(3000) .. "'",
  "local t = {...} t[1.0], t['1'], t[2^53] = 1, 2, 3 return t", "return -9223372036854775808, 9223372036854775808",
  "return (function(...) local a, b, c = ... return select('#', ...), ... end)(nil, nil, nil)",
} do
  local f = load(source)
  if f then pcall(f, 1, 2, 3) end
end
