#include "tests/test.h"

#include <troupe/error.h>

#include "actors/names.h"
#include "actors/reason.h"

static void a_name_belongs_to_one_until_it_is_freed(void **state) {
  (void)state;
  trp_names n;
  trp_names_init(&n, NULL);
  troupe_pid a = {1}, b = {2};
  assert_int_equal(trp_names_find(&n, "x", 1).id, 0);
  assert_int_equal(trp_names_reserve(&n, "x"), TROUPE_OK);
  assert_int_equal(trp_names_reserve(&n, "x"), TROUPE_E_ALREADY_REGISTERED);
  assert_int_equal(trp_names_find(&n, "x", 1).id, 0); /* its actor cannot be reached yet */
  trp_names_publish(&n, "x", a);
  assert_int_equal(trp_names_reserve(&n, "x"), TROUPE_E_ALREADY_REGISTERED);
  trp_names_remove(&n, "x", b); /* not b's to free */
  assert_int_equal(trp_names_find(&n, "x", 1).id, 1);
  trp_names_remove(&n, "x", a);
  assert_int_equal(trp_names_reserve(&n, "x"), TROUPE_OK);
  trp_names_publish(&n, "x", b);
  assert_int_equal(trp_names_find(&n, "xy", 1).id, 2); /* the length counts */
  assert_int_equal(trp_names_find(&n, "xy", 2).id, 0);
  trp_names_fini(&n);
}

static void many_names_survive_growth(void **state) {
  (void)state;
  for (long fail = 0; fail < 40; fail++) {
    faulty f;
    faulty_init(&f, fail);
    trp_names n;
    trp_names_init(&n, &f.allocator);
    uint8_t added[1000] = {0};
    char text[16];
    for (uint64_t i = 0; i < 1000; i++) {
      snprintf(text, sizeof text, "name-%u", (unsigned)i);
      added[i] = trp_names_reserve(&n, text) == TROUPE_OK;
      if (added[i]) trp_names_publish(&n, text, (troupe_pid){i + 1});
    }
    for (uint64_t i = 0; i < 1000; i++) {
      snprintf(text, sizeof text, "name-%u", (unsigned)i);
      assert_int_equal(trp_names_find(&n, text, strlen(text)).id, added[i] ? i + 1 : 0);
    }
    trp_names_fini(&n);
    faulty_check(&f);
  }
}

/* ---- reasons ------------------------------------------------------------------------------- */

static void a_reason_is_cut_at_a_character_and_shared(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 0);
  char text[TRP_REASON_TEXT_MAX + 10];
  memset(text, 'a', sizeof text);
  memcpy(text + TRP_REASON_TEXT_MAX - 1, "\xc3\xa4", 3); /* two bytes across the limit */
  trp_reason *r = trp_reason_new(&f.allocator, TROUPE_EXIT_ERROR, 0, text, "t");
  assert_int_equal(strlen(r->exit.reason), TRP_REASON_TEXT_MAX - 1);
  assert_string_equal(r->exit.traceback, "t");
  assert_ptr_equal(trp_reason_ref(r), r);
  trp_reason_unref(r);
  assert_int_equal(f.live_blocks, 1);
  trp_reason_unref(r);
  faulty_check(&f);
}

static void without_memory_a_reason_keeps_its_class(void **state) {
  (void)state;
  faulty f;
  faulty_init(&f, 1);
  trp_reason *r = trp_reason_new(&f.allocator, TROUPE_EXIT_MEMORY_LIMIT, 0, "why", NULL);
  assert_int_equal(r->exit.class_, TROUPE_EXIT_MEMORY_LIMIT);
  assert_null(r->exit.reason);
  trp_reason_unref(trp_reason_ref(r));
  assert_ptr_equal(r, trp_reason_of(TROUPE_EXIT_MEMORY_LIMIT));
  trp_reason_unref(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_name_belongs_to_one_until_it_is_freed),
      cmocka_unit_test(many_names_survive_growth),
      cmocka_unit_test(a_reason_is_cut_at_a_character_and_shared),
      cmocka_unit_test(without_memory_a_reason_keeps_its_class),
  };
  return run_tests(tests);
}
