/* Missing memory in every call: in the n-th trial of a scene the n-th request for memory fails,
 * from the victim's spawn on, whoever makes it: the victim, the kernel, its partners, a tool on a
 * thread. The victim gets a typed error, or ends for the lack of memory, and nothing is left. */
#include "tests/scripting/trial.h"

static void begin(trial *t) {
  atomic_store(&t->failed, false);
  atomic_store(&t->fail_in, t->harm_at);
}

static void expect_typed(trial *t) {
  const cast *v = &t->victim;
  if (v->class_ == TROUPE_EXIT_NORMAL || v->class_ == TROUPE_EXIT_MEMORY_LIMIT) return;
  bool failed = v->class_ == TROUPE_EXIT_ERROR || v->class_ == TROUPE_EXIT_INIT_FAILED;
  bool told = v->code == TROUPE_E_NO_MEMORY || strstr(v->reason, "memory");
  if (failed && told) return;
  print_error("%s, harm at %ld: %s, %s: %s\n%s\n", t->scene->name, t->harm_at,
              troupe_exit_class_name(v->class_), troupe_err_name(v->code), v->reason, v->traceback);
  fail();
}

static void fail_every_request(const scene *which) {
  static trial t;
  trial_open(&t, which, 0);
  trial_play(&t);
  expect_class(&t.victim, TROUPE_EXIT_NORMAL);
  t.begin = begin;
  bool harmed = true;
  for (t.harm_at = 1; harmed; t.harm_at += TRIAL_STEP) {
    trial_play(&t);
    harmed = atomic_load(&t.failed);
    expect_typed(&t);
  }
  print_message("%s: %ld requests\n", which->name, t.harm_at);
  trial_close(&t);
}

static void any_request_for_memory_may_fail(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
    fail_every_request(&scenes[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(any_request_for_memory_may_fail)};
  return run_tests(tests);
}
