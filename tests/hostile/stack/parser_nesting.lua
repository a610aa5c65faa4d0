-- attack: sources that nest every construct as deep as 64 KiB allow
-- allowed: normal
-- limits: cpu_ms_per_message=5000
local n = 20000
local sources = {
  "return " .. ("("):rep(n) .. "1" .. (")"):rep(n),
  "return " .. ("{"):rep(n) .. ("}"):rep(n),
  "return " .. ("-"):rep(1) .. (" not "):rep(n // 2) .. "1",
  "return " .. ("2^"):rep(n) .. "2",
  "return " .. ("'a'.."):rep(n // 2) .. "'a'",
  "return " .. ("function() return "):rep(2000) .. "1" .. (" end"):rep(2000),
  ("do "):rep(8000) .. (" end"):rep(8000),
  ("if x then "):rep(4000) .. (" end"):rep(4000),
  ("while x do "):rep(4000) .. (" end"):rep(4000),
  ("a."):rep(n) .. "b = 1",
  "return a" .. ("[a"):rep(n) .. ("]"):rep(n),
  "return a" .. ("(a"):rep(n) .. (")"):rep(n),
  "local " .. ("a,"):rep(300) .. "a",
  "return function(" .. ("a,"):rep(300) .. "a) end",
  ("goto x "):rep(8000),
  "return [" .. ("="):rep(60000) .. "[",
}
for i, source in ipairs(sources) do
  local f, e = load(source)
  assert(f or type(e) == "string", i)
end
assert(not load(sources[1]) and not load(sources[2]))
