#include "tests/tools/builtin/tool_bench.h"

#include "actors/actor.h"
#include "tools/builtin/builtin.h"

/* A console on a pipe, under another name. */
static void open_console(tool_bench *b, int pipe_fds[2]) {
  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  trp_console *c = trp_console_new(trp_system_allocator(b->sys), pipe_fds[1]);
  assert_non_null(c);
  const troupe_tool_ops ops = {
      .size = sizeof ops, .run = trp_console_run, .free = trp_console_free};
  const troupe_tool_policy policy = {
      .size = sizeof policy, .preset_none = true, .checks_itself = true};
  assert_int_equal(troupe_tool_register(b->sys, "out", &ops, c, &policy, NULL, 0), 0);
}

static void expect_read(int fd, const char *text) {
  char got[64] = "";
  assert_int_equal(read(fd, got, sizeof got - 1), (ssize_t)strlen(text));
  assert_string_equal(got, text);
}

static void text_arrives_with_and_without_a_newline(void **state) {
  tool_bench *b = *state;
  int fds[2];
  open_console(b, fds);
  bench_call1(b, "out", "text", "one");
  expect_ok(b);
  expect_read(fds[0], "one\n");
  trp_wire_writer *w = bench_args(b, 2);
  bench_field(b, "text", "\rtwo");
  trp_wire_put_cstr(w, "newline");
  trp_wire_put_bool(w, false);
  bench_call(b, "out");
  expect_ok(b);
  expect_read(fds[0], "\rtwo");
  bench_args(b, 0);
  bench_call(b, "out");
  assert_int_equal(field_int(b, "columns"), 80);
  bool tty = true;
  assert_int_equal(trp_wire_get_bool(b->value, b->len, "tty", &tty), 0);
  assert_false(tty);
  close(fds[0]);
  close(fds[1]);
}

static void wrong_arguments_are_named(void **state) {
  tool_bench *b = *state;
  int fds[2];
  open_console(b, fds);
  trp_wire_writer *w = bench_args(b, 1);
  trp_wire_put_cstr(w, "text");
  trp_wire_put_int(w, 5);
  bench_call(b, "out");
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
  close(fds[0]);
  close(fds[1]);
}

static void a_reader_that_is_gone_is_an_error(void **state) {
  tool_bench *b = *state;
  int fds[2];
  open_console(b, fds);
  close(fds[0]);
  bench_call1(b, "out", "text", "x");
  expect_failure(b, "EPIPE", TROUPE_OUTCOME_TRANSIENT);
  close(fds[1]);
}

static void an_output_that_accepts_nothing_holds_only_one_call(void **state) {
  tool_bench *b = *state;
  int fds[2];
  open_console(b, fds);
  static char much[100000];
  memset(much, 'x', sizeof much - 1);
  bench_call1(b, "out", "text", much);
  expect_failure(b, "EAGAIN", TROUPE_OUTCOME_TRANSIENT);
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (int i = 0; i < 10; i++) {
    bench_call1(b, "out", "text", "y");
    expect_failure(b, "EAGAIN", TROUPE_OUTCOME_TRANSIENT);
  }
  clock_gettime(CLOCK_MONOTONIC, &after);
  assert_true(after.tv_sec - before.tv_sec < 4);
  char drain[100000];
  assert_true(read(fds[0], drain, sizeof drain) > 0);
  bench_call1(b, "out", "text", "z");
  expect_ok(b);
  close(fds[0]);
  close(fds[1]);
}

static void the_console_needs_an_entry_in_tools(void **state) {
  tool_bench *b = *state;
  bench_call1(b, "console", "text", "never seen");
  expect_failure(b, "denied", TROUPE_OUTCOME_REJECTED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_BENCH(text_arrives_with_and_without_a_newline),
      WITH_BENCH(wrong_arguments_are_named),
      WITH_BENCH(a_reader_that_is_gone_is_an_error),
      WITH_BENCH(an_output_that_accepts_nothing_holds_only_one_call),
      WITH_BENCH(the_console_needs_an_entry_in_tools),
  };
  return run_tests(tests);
}
