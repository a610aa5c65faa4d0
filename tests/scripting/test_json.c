#include "tests/scripting/stage.h"

#include <troupe/json.h>

static void run(const char *source, troupe_exit_class want) {
  stage s;
  cast c;
  stage_start(&s, 0);
  assert_int_equal(troupe_json_register(s.w.sys), TROUPE_OK);
  assert_int_equal(troupe_json_register(s.w.sys), TROUPE_E_ALREADY_REGISTERED);
  cast_run(&s, &c, source);
  expect_class(&c, want);
  stage_stop(&s);
}

static void values_go_both_ways(void **state) {
  (void)state;
  run("local json = require 'troupe'.json assert(json == require 'troupe.json')\n"
      "local function both(text) local again = json.encode(json.decode(text)) assert(again == "
      "text, "
      "again) end\n"
      "for _, t in ipairs { '1', '-5', '1.5', '2.0', '0.1', '1e+300', 'true', 'false', 'null', "
      "'\"text\"', '[]', '{}', '[1,2.0,\"x\",null,true]', '{\"a\":{\"b\":[{},[]]},\"c\":null}', "
      "'\"\\\\u0001\\\\\"\\\\\\\\\"', '9223372036854775807', '-9223372036854775808', "
      "'\"\xc3\xa4\xe2\x82\xac\"' } do "
      "both(t) end\n"
      "assert(math.type(json.decode '1') == 'integer' and math.type(json.decode '1.0') == "
      "'float')\n"
      "assert(json.decode '\"\\\\u0000x\"' == '\\0x' and json.decode ' [ 1 ] '[1] == 1)\n"
      "assert(json.decode 'null' == json.null and tostring(json.null) == 'null')\n"
      "assert(json.encode(nil) == 'null' and json.encode { z = 1, a = 2, m = json.null } == "
      "'{\"a\":2,\"m\":null,\"z\":1}')\n"
      "assert(json.encode(require 'troupe'.array {}) == '[]' and json.encode {} == '{}')\n"
      "assert(json.encode(1e15) == '1e+15' and json.decode(json.encode(0.1 + 0.2)) == 0.1 + 0.2)\n"
      "assert(#json.decode '[[],[],{}]' == 3)",
      TROUPE_EXIT_NORMAL);
}

static void bad_input_is_an_error(void **state) {
  (void)state;
  run("local json = require 'troupe.json'\n"
      "for _, t in ipairs { '', '{', '[1,]', '{\"a\" 1}', 'nul', '1 2', '\"\\xff\"', '[1e999]', "
      "'123456789012345678901234567890', '\"\\\\ud800\"' } do\n"
      "  local v, e = json.try_decode(t) assert(v == nil and e.code == 'format' and e.message:find "
      "'line', t)\n"
      "  assert(not pcall(json.decode, t)) end\n"
      "local ok, e = pcall(json.decode, '[' .. ('x'):rep(2 << 20)) assert(not ok and e.code == "
      "'too_big')\n"
      "assert(json.try_decode(('['):rep(32) .. (']'):rep(32)))\n"
      "local v, err = json.try_decode(('['):rep(33) .. (']'):rep(33)) assert(v == nil and err.code "
      "== "
      "'too_big')\n"
      "v, err = json.try_decode(('['):rep(1000000)) assert(v == nil)\n"
      "for _, x in ipairs { print, 0 / 0, math.huge, '\\xff', '\\xed\\xa0\\x80', '\\xc0\\x80', { "
      "1, x = 2 }, "
      "{ [1.5] = 1 }, { a = print }, { ['\\0'] = 1 }, (coroutine.running()) } do\n"
      "  local good, m = pcall(json.encode, x) assert(not good and m:find 'cannot encode a', m) "
      "end\n"
      "local loop = {} loop[1] = loop v, err = json.try_encode(loop) assert(v == nil and err.code "
      "== "
      "'too_big')\n"
      "v, err = json.try_encode(('x'):rep(2 << 20)) assert(v == nil and err.code == 'too_big')\n"
      "assert(not pcall(json.decode, 5) and not pcall(json.decode) and not pcall(json.encode))\n"
      "assert(json.encode(setmetatable({}, { __index = error, __len = error, __pairs = error })) "
      "== '{}')",
      TROUPE_EXIT_NORMAL);
}

/* Whatever the text: it is decoded or refused, within the limit. */
static void a_text_cannot_end_its_reader(void **state) {
  (void)state;
  run("local troupe = require 'troupe'\n"
      "for mib = 1, 16, 5 do\n"
      "  local r = troupe.spawn { limits = { memory_bytes = mib << 20 }, source = [[\n"
      "    local troupe, json = require 'troupe', require 'troupe.json'\n"
      "    while true do\n"
      "      local m = troupe.receive()\n"
      "      local v, e = json.try_decode(m[1])\n"
      "      m:reply { v ~= nil, e and e.code }\n"
      "    end]] }\n"
      "  for _, part in ipairs { '{},', '[],', '1,', '[[]],', '{\"\":0},', '{\"a\":{\"b\":[]}},', "
      "'\"\\\\\",', '\"{\",', '[', '{\"a\":' } do\n"
      "    for _, n in ipairs { 1000, 10000, 100000, 1000000 // #part } do\n"
      "      local text = '[' .. part:rep(n) .. '1]'\n"
      "      local good, a = pcall(r.ask, r, 'decode', text)\n"
      "      assert(good or a.code == 'too_big', part .. n .. tostring(a))\n"
      "      assert(not good or a[1] or a[2] == 'too_big' or a[2] == 'format', a[2])\n"
      "    end\n"
      "  end\n"
      "  r:kill()\n"
      "end",
      TROUPE_EXIT_NORMAL);
}

static void without_room_it_is_an_error(void **state) {
  (void)state;
  run("local json = require 'troupe.json'\n"
      "local text = '[' .. ('[\"abcdefgh\",1.5],'):rep(5000) .. '1]'\n"
      "local keep, v, e = {}\n"
      "repeat v, e = json.try_decode(text) keep[#keep + 1] = v until not v\n"
      "assert(e.code == 'too_big' and #keep > 2, #keep)\n"
      "keep = nil assert(#json.decode(text) == 5001)",
      TROUPE_EXIT_NORMAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_go_both_ways),
      cmocka_unit_test(bad_input_is_an_error),
      cmocka_unit_test(a_text_cannot_end_its_reader),
      cmocka_unit_test(without_room_it_is_an_error),
  };
  return run_tests(tests);
}
