#include "tests/tools/builtin/tool_bench.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Begins { argv = { "/bin/sh", "-c", script } } with `more` further fields. */
static trp_wire_writer *shell(tool_bench *b, const char *script, size_t more) {
  trp_wire_writer *w = bench_args(b, 1 + more);
  trp_wire_put_cstr(w, "argv");
  trp_wire_put_array(w, 3);
  trp_wire_put_cstr(w, "/bin/sh");
  trp_wire_put_cstr(w, "-c");
  trp_wire_put_cstr(w, script);
  return w;
}

static void int_field(trp_wire_writer *w, const char *key, int64_t value) {
  trp_wire_put_cstr(w, key);
  trp_wire_put_int(w, value);
}

static void expect_output(tool_bench *b, const char *key, const char *text) {
  const char *s = NULL;
  size_t n = 0;
  expect_ok(b);
  assert_int_equal(trp_wire_get_str(b->value, b->len, key, &s, &n), 0);
  assert_int_equal(n, strlen(text));
  assert_memory_equal(s, text, n);
}

static void output_status_and_signal_come_back(void **state) {
  tool_bench *b = *state;
  shell(b, "echo out; echo err >&2; exit 3", 0);
  bench_call(b, "exec");
  expect_output(b, "stdout", "out\n");
  expect_output(b, "stderr", "err\n");
  assert_int_equal(field_int(b, "status"), 3);
  int64_t i = 0;
  assert_int_equal(trp_wire_get_int(b->value, b->len, "signal", &i), TROUPE_E_NOT_FOUND);
  shell(b, "kill -9 $$", 0);
  bench_call(b, "exec");
  assert_int_equal(field_int(b, "signal"), SIGKILL);
}

static void input_arrives_and_may_be_ignored(void **state) {
  tool_bench *b = *state;
  trp_wire_writer *w = bench_args(b, 2);
  trp_wire_put_cstr(w, "argv");
  trp_wire_put_array(w, 1);
  trp_wire_put_cstr(w, "/bin/cat");
  bench_field(b, "stdin", "some text");
  bench_call(b, "exec");
  expect_output(b, "stdout", "some text");
  char *big = malloc(500001);
  assert_non_null(big);
  memset(big, 'x', 500000);
  big[500000] = '\0';
  shell(b, "exit 0", 1);
  bench_field(b, "stdin", big);
  bench_call(b, "exec");
  assert_int_equal(field_int(b, "status"), 0);
  free(big);
  shell(b, "read x || echo closed", 0);
  bench_call(b, "exec");
  expect_output(b, "stdout", "closed\n");
}

static void the_environment_is_small_and_can_be_extended(void **state) {
  tool_bench *b = *state; /* main has set TROUPE_TEST_LEAK in our own environment */
  trp_wire_writer *w = shell(b, "echo $LANG/$NAME/$TROUPE_TEST_LEAK; pwd", 2);
  trp_wire_put_cstr(w, "env");
  trp_wire_put_map(w, 1);
  bench_field(b, "NAME", "value");
  bench_field(b, "cwd", bench_path(b, "ro"));
  bench_call(b, "exec");
  char text[128];
  snprintf(text, sizeof text, "C.UTF-8/value/\n%s\n", bench_path(b, "ro"));
  expect_output(b, "stdout", text);
  w = shell(b, "true", 1);
  trp_wire_put_cstr(w, "env");
  trp_wire_put_map(w, 1);
  bench_field(b, "LD_PRELOAD", "/tmp/x.so");
  bench_call(b, "exec");
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
}

static void a_name_in_the_environment_is_whole_or_refused(void **state) {
  tool_bench *b = *state;
  for (size_t len = 254; len <= 255; len++) {
    char name[256], text[300];
    memset(name, 'N', len);
    name[len] = '\0';
    trp_wire_writer *w = shell(b, "env | grep ^N", 1);
    trp_wire_put_cstr(w, "env");
    trp_wire_put_map(w, 1);
    bench_field(b, name, "v");
    bench_call(b, "exec");
    snprintf(text, sizeof text, "%s=v\n", name);
    if (len == 254)
      expect_output(b, "stdout", text);
    else
      expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
  }
}

static void only_granted_programs_run(void **state) {
  tool_bench *b = *state;
  trp_wire_writer *w = bench_args(b, 1);
  trp_wire_put_cstr(w, "argv");
  trp_wire_put_array(w, 1);
  trp_wire_put_cstr(w, "/bin/true");
  bench_call(b, "exec");
  expect_failure(b, "denied", TROUPE_OUTCOME_REJECTED);
  assert_int_equal(b->code, TROUPE_E_DENIED);
  w = bench_args(b, 1);
  trp_wire_put_cstr(w, "argv");
  trp_wire_put_array(w, 1);
  trp_wire_put_cstr(w, "/bin/../bin/sh");
  bench_call(b, "exec");
  expect_failure(b, "denied", TROUPE_OUTCOME_REJECTED);
  w = bench_args(b, 1);
  trp_wire_put_cstr(w, "argv");
  trp_wire_put_array(w, 1);
  trp_wire_put_cstr(w, "/bin/missing");
  bench_call(b, "exec");
  expect_failure(b, "ENOENT", TROUPE_OUTCOME_PERMANENT);
  shell(b, "true", 1);
  bench_field(b, "cwd", bench_path(b, "out"));
  bench_call(b, "exec");
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  bench_call1(b, "exec", "argv", "/bin/sh");
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
}

/* Scripts write the number of their process group here first. */
static pid_t read_group(tool_bench *b) {
  long group = 0;
  for (int i = 0; i < 5000 && group == 0; i++) {
    char text[32] = "";
    int fd = open(bench_path(b, "rw/group"), O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (n > 0 && text[n - 1] == '\n') group = strtol(text, NULL, 10);
    if (fd >= 0) close(fd);
    if (group == 0) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  assert_true(group > 1);
  return (pid_t)group;
}

/* Orphaned grandchildren come to this process, which has made itself their reaper; the child itself
 * is libuv's, so first the call must have ended. */
static void expect_group_dead(tool_bench *b, pid_t group) {
  troupe_tool_info info = {.size = sizeof info, .open = 1};
  bool dead = false;
  for (int i = 0; i < 5000 && !dead; i++) {
    if (info.open > 0) {
      troupe_tool_read_info(b->sys, "exec", &info);
    } else {
      while (waitpid(-group, NULL, WNOHANG) > 0) {
      }
      dead = kill(-group, 0) < 0 && errno == ESRCH;
    }
    if (!dead) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  assert_true(dead);
}

static void group_script(tool_bench *b, char *out, size_t size, const char *rest) {
  snprintf(out, size, "echo $$ > %s; %s", bench_path(b, "rw/group"), rest);
}

static void a_timeout_kills_the_whole_group(void **state) {
  tool_bench *b = *state;
  const char *scripts[] = {"sleep 100 & sleep 100",
                           "trap '' TERM; sleep 100 & while :; do sleep 1; done"};
  for (int i = 0; i < 2; i++) {
    char script[256];
    unlink(bench_path(b, "rw/group"));
    group_script(b, script, sizeof script, scripts[i]);
    int_field(shell(b, script, 1), "timeout_ms", 100);
    bench_call(b, "exec");
    expect_failure(b, "timeout", TROUPE_OUTCOME_TIMEOUT);
    expect_group_dead(b, read_group(b));
  }
}

static void too_much_output_kills_the_group(void **state) {
  tool_bench *b = *state;
  char script[256];
  group_script(b, script, sizeof script, "yes & yes >&2");
  int_field(shell(b, script, 1), "max_bytes", 10000);
  bench_call(b, "exec");
  expect_failure(b, "too_big", TROUPE_OUTCOME_PERMANENT);
  expect_group_dead(b, read_group(b));
  int_field(shell(b, "printf 12345", 1), "max_bytes", 5);
  bench_call(b, "exec");
  expect_output(b, "stdout", "12345");
}

static void what_stays_in_the_background_ends_with_the_program(void **state) {
  tool_bench *b = *state;
  char script[256];
  group_script(b, script, sizeof script, "sleep 100 & echo done");
  shell(b, script, 0);
  bench_call(b, "exec");
  expect_output(b, "stdout", "done\n");
  expect_group_dead(b, read_group(b));
}

static void the_end_of_the_caller_kills_the_group(void **state) {
  tool_bench *b = *state;
  char script[256];
  group_script(b, script, sizeof script, "sleep 100 & sleep 100");
  shell(b, script, 0);
  bench_start(b, "exec");
  pid_t group = read_group(b);
  assert_int_equal(troupe_kill(b->sys, b->pid), 0);
  expect_group_dead(b, group);
}

static void stopping_the_system_kills_the_group(void **state) {
  tool_bench *b = *state;
  char script[256];
  group_script(b, script, sizeof script, "sleep 100 & sleep 100");
  shell(b, script, 0);
  bench_start(b, "exec");
  pid_t group = read_group(b);
  assert_int_equal(troupe_system_stop(b->sys, 5000), 0);
  expect_group_dead(b, group);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_BENCH(output_status_and_signal_come_back),
      WITH_BENCH(input_arrives_and_may_be_ignored),
      WITH_BENCH(the_environment_is_small_and_can_be_extended),
      WITH_BENCH(a_name_in_the_environment_is_whole_or_refused),
      WITH_BENCH(only_granted_programs_run),
      WITH_BENCH(a_timeout_kills_the_whole_group),
      WITH_BENCH(too_much_output_kills_the_group),
      WITH_BENCH(what_stays_in_the_background_ends_with_the_program),
      WITH_BENCH(the_end_of_the_caller_kills_the_group),
      WITH_BENCH(stopping_the_system_kills_the_group),
  };
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  setenv("TROUPE_TEST_LEAK", "1", 1); /* NOLINT(concurrency-mt-unsafe): no other thread yet */
  return run_tests(tests);
}
