#include "tests/test.h"

#include <troupe/error.h>
#include <troupe/version.h>

static void codes_are_distinct_negative_and_have_names(void **state) {
  (void)state;
  static const int codes[] = {
#define CODE(name, value, lua_name, sentence) TROUPE_E_##name,
      TROUPE_ERROR_MAP(CODE)
#undef CODE
  };
  size_t n = sizeof codes / sizeof codes[0];
  for (size_t i = 0; i < n; i++) {
    assert_true(codes[i] < 0);
    assert_true(strlen(troupe_strerror(codes[i])) > 0);
    for (size_t j = 0; j < i; j++) {
      assert_int_not_equal(codes[i], codes[j]);
      assert_string_not_equal(troupe_err_name(codes[i]), troupe_err_name(codes[j]));
    }
  }
}

static void known_codes_have_the_documented_texts(void **state) {
  (void)state;
  assert_int_equal(TROUPE_E_NOPROC, -10001);
  assert_string_equal(troupe_err_name(TROUPE_E_NOPROC), "noproc");
  assert_string_equal(troupe_strerror(TROUPE_E_NOPROC), "the actor has already ended");
  assert_string_equal(troupe_err_name(TROUPE_OK), "ok");
  assert_string_equal(troupe_err_name(TROUPE_PENDING), "pending");
}

static void codes_of_the_system_pass_through(void **state) {
  (void)state;
  assert_int_equal(TROUPE_E_NO_MEMORY, -ENOMEM);
  assert_string_equal(troupe_err_name(-ENOMEM), "no_memory");
  assert_string_equal(troupe_err_name(-ENOENT), "system");
  assert_string_equal(troupe_strerror(-ENOENT), "No such file or directory");
  assert_string_equal(troupe_strerror(-4095), "end of file");
  assert_string_equal(troupe_err_name(-3008), "system");
}

static void unknown_numbers_are_safe(void **state) {
  (void)state;
  static const int odd[] = {2, 12345, -99999, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    assert_string_equal(troupe_err_name(odd[i]), "unknown");
    assert_string_equal(troupe_strerror(odd[i]), "unknown error");
  }
}

static void exit_classes_have_names_and_two_are_clean(void **state) {
  (void)state;
  assert_string_equal(troupe_exit_class_name(TROUPE_EXIT_NORMAL), "normal");
  assert_string_equal(troupe_exit_class_name(TROUPE_EXIT_MAILBOX_OVERFLOW), "mailbox_overflow");
  assert_string_equal(troupe_exit_class_name((troupe_exit_class)99), "unknown");
  int clean = 0;
#define COUNT(name, lua_name) clean += troupe_exit_is_clean(TROUPE_EXIT_##name);
  TROUPE_EXIT_MAP(COUNT)
#undef COUNT
  assert_int_equal(clean, 2);
  assert_true(troupe_exit_is_clean(TROUPE_EXIT_NORMAL));
  assert_true(troupe_exit_is_clean(TROUPE_EXIT_SHUTDOWN));
}

static void the_library_and_the_headers_have_one_version(void **state) {
  (void)state;
  char expected[32];
  snprintf(expected, sizeof expected, "%d.%d.%d", TROUPE_VERSION_MAJOR, TROUPE_VERSION_MINOR,
           TROUPE_VERSION_PATCH);
  assert_string_equal(troupe_version(), expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(codes_are_distinct_negative_and_have_names),
      cmocka_unit_test(known_codes_have_the_documented_texts),
      cmocka_unit_test(codes_of_the_system_pass_through),
      cmocka_unit_test(unknown_numbers_are_safe),
      cmocka_unit_test(exit_classes_have_names_and_two_are_clean),
      cmocka_unit_test(the_library_and_the_headers_have_one_version),
  };
  return run_tests(tests);
}
