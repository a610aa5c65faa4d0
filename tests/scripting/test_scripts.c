/* Runs the scripts in tests/scripting/lua, which check themselves: each on a system without threads
 * and a virtual clock, and on one with two workers. */
#include "tests/scripting/stage.h"

#include <troupe/tool.h>

static void echo(troupe_call *call, void *user) {
  (void)user;
  size_t len;
  const void *args = troupe_call_args(call, &len);
  troupe_call_finish(call, args, len);
}

static void broken(troupe_call *call, void *user) {
  (void)user;
  troupe_call_fail(call, TROUPE_OUTCOME_PERMANENT, "E_BROKEN", "it is broken");
}

static void run_file(const char *name, int workers) {
  stage s;
  cast c;
  char path[512];
  const troupe_tool_ops echo_ops = {.size = sizeof echo_ops, .run = echo};
  const troupe_tool_ops broken_ops = {.size = sizeof broken_ops, .run = broken};
  const troupe_tool_policy policy = {.size = sizeof policy};
  stage_start(&s, workers);
  assert_int_equal(troupe_tool_register(s.w.sys, "echo", &echo_ops, NULL, &policy, NULL, 0), 0);
  assert_int_equal(troupe_tool_register(s.w.sys, "broken", &broken_ops, NULL, &policy, NULL, 0), 0);
  assert_int_equal(troupe_tool_register(s.w.sys, "forbidden", &echo_ops, NULL, &policy, NULL, 0),
                   0);
  troupe_script script = TROUPE_SCRIPT_INIT;
  snprintf(path, sizeof path, "%s/%s.lua", TROUPE_TEST_SCRIPTS, name);
  script.path = path;
  troupe_grants *g = cast_grants();
  script.grants = g;
  script.shutdown_ms = 60000; /* what the scripts spawn gets no more */
  memset(&c, 0, sizeof c);
  cast_start(&s, &c, &script);
  troupe_grants_unref(g);
  cast_end(&c);
  if (c.class_ != TROUPE_EXIT_NORMAL) print_error("%s with %d workers\n", name, workers);
  expect_class(&c, TROUPE_EXIT_NORMAL);
  stage_stop(&s);
}

static void run(const char *name) {
  run_file(name, 0);
  run_file(name, 2);
}

static void verbs(void **state) { (void)state, run("verbs"); }
static void receive(void **state) { (void)state, run("receive"); }
static void waiting(void **state) { (void)state, run("waiting"); }
static void timers(void **state) { (void)state, run("timers"); }
static void waiting_graph(void **state) { (void)state, run("waiting_graph"); }
static void messages(void **state) { (void)state, run("messages"); }
static void spawning(void **state) { (void)state, run("spawning"); }
static void behaviors(void **state) { (void)state, run("behaviors"); }
static void limits(void **state) { (void)state, run("limits"); }
static void info(void **state) { (void)state, run("info"); }
static void closing(void **state) { (void)state, run("closing"); }
static void tools(void **state) { (void)state, run_file("tools", 2); }

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(verbs),    cmocka_unit_test(receive),  cmocka_unit_test(waiting),
      cmocka_unit_test(messages), cmocka_unit_test(spawning), cmocka_unit_test(behaviors),
      cmocka_unit_test(limits),   cmocka_unit_test(info),     cmocka_unit_test(closing),
      cmocka_unit_test(tools),    cmocka_unit_test(timers),   cmocka_unit_test(waiting_graph),
  };
  return run_tests(tests);
}
