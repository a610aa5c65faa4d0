/* Every function that a script can reach occurs in at least one attack. The list is not written
 * down: a script walks its own environment, the runtime's modules and the methods of its objects.
 */
#include "tests/scripting/stage.h"

#include <lauxlib.h>

#include <troupe/json.h>

#include "scripting/modules.h"
#include "tests/hostile/attack.h"

/* reveal(x): what x's metatable has as __index, when that is a table; else nil. */
static int reveal(lua_State *L) {
  if (luaL_getmetafield(L, 1, "__index") != LUA_TTABLE) lua_pushnil(L);
  return 1;
}

static int open_reveal(lua_State *L) {
  lua_pushcfunction(L, reveal);
  return 1;
}

/* The text of all attacks as one msgpack string; *len is its length. */
static unsigned char *text_of(const attacks *all, size_t *len) {
  size_t size = 0;
  for (size_t i = 0; i < all->count; i++)
    size += all->list[i].source_len;
  unsigned char *text = malloc(5 + size);
  assert_non_null(text);
  text[0] = 0xdb;
  for (int i = 0; i < 4; i++)
    text[1 + i] = (unsigned char)(size >> (24 - 8 * i));
  *len = 5;
  for (size_t i = 0; i < all->count; i++) {
    memcpy(text + *len, all->list[i].source, all->list[i].source_len);
    *len += all->list[i].source_len;
  }
  return text;
}

static void every_function_occurs_in_an_attack(void **state) {
  (void)state;
  stage s;
  cast c = {0};
  attacks all;
  size_t len;
  assert_true(attacks_read(&all, TROUPE_HOSTILE_ATTACKS));
  assert_true(all.count >= 120);
  unsigned char *text = text_of(&all, &len);
  stage_start(&s, 0);
  assert_int_equal(troupe_json_register(s.w.sys), TROUPE_OK);
  assert_int_equal(trp_script_module(s.w.sys, "hostile.reveal", open_reveal), TROUPE_OK);
  troupe_script script = TROUPE_SCRIPT_INIT;
  script.path = TROUPE_HOSTILE_ATTACKS "/census.lua";
  script.args = text;
  script.args_len = len;
  cast_start(&s, &c, &script);
  cast_end(&c);
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
  free(text);
  attacks_free(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_function_occurs_in_an_attack)};
  return run_tests(tests);
}
