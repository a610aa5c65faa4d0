-- attack: JSON that is wrong in every way
-- allowed: normal
-- limits: cpu_ms_per_message=5000
local json = (require "troupe").json
for _, text in ipairs { "", " ", "{", "[", "[1,]", "{,}", "{\"a\"}", "{\"a\":}", "nul", "+1", "01", "1.", ".5", "1e", "0x1", "NaN", "Infinity",
                        "'a'", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000", "\"\1\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
                        "[1] [2]", "1 2", "\0", "[1]\0", "\xef\xbb\xbf[]", "/**/1", "[1e99999]", "{\"a\":1,\"a\":2", ("["):rep(1000),
                        ("["):rep(100000), ("{\"a\":"):rep(50000), "[" .. ("1,"):rep(100000), "-", "--1", "tru", "\"", "\"\\" } do
  local v, e = json.try_decode(text)
  assert(v == nil and (e.code == "format" or e.code == "too_big"), text:sub(1, 20))
  assert(not pcall(json.decode, text))
end
for _, x in ipairs { {}, true, print } do assert(not pcall(json.decode, x)) end
assert(json.decode '{"a":1,"a":2}'.a == 2 and json.decode '"\\u0000"' == "\0")
