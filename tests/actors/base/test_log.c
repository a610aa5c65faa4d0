#include "tests/test.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "actors/base/log.h"

typedef struct caught {
  int lines;
  troupe_log_level level;
  size_t len;
  char text[TRP_LOG_LINE_MAX + 1];
} caught;

static void catch_line(void *ctx, troupe_log_level level, const char *line, size_t len) {
  caught *c = ctx;
  c->lines++;
  c->level = level;
  c->len = len;
  if (len > TRP_LOG_LINE_MAX) len = TRP_LOG_LINE_MAX;
  memcpy(c->text, line, len);
  c->text[len] = '\0';
  errno = EIO;
}

static void a_line_names_who_and_what(void **state) {
  (void)state;
  caught c = {0};
  trp_log log = {.sink = catch_line, .ctx = &c, .min = TROUPE_LOG_INFO};
  errno = ENOENT;
  trp_log_write(&log, TROUPE_LOG_WARN, "pool", "%d of %s", 3, "four");
  assert_int_equal(errno, ENOENT);
  assert_string_equal(c.text, "pool: 3 of four");
  assert_int_equal(c.level, TROUPE_LOG_WARN);
  trp_log_write(&log, TROUPE_LOG_INFO, NULL, "alone");
  assert_string_equal(c.text, "alone");
}

static void lower_levels_and_missing_sinks_are_silent(void **state) {
  (void)state;
  caught c = {0};
  trp_log log = {.sink = catch_line, .ctx = &c, .min = TROUPE_LOG_WARN};
  trp_log none = {.sink = NULL};
  trp_log_write(&log, TROUPE_LOG_INFO, "x", "y");
  trp_log_write(&none, TROUPE_LOG_ERROR, "x", "y");
  trp_log_write(NULL, TROUPE_LOG_ERROR, "x", "y");
  assert_int_equal(c.lines, 0);
}

static void control_bytes_are_escaped_and_utf8_stays(void **state) {
  (void)state;
  caught c = {0};
  trp_log log = {.sink = catch_line, .ctx = &c, .min = TROUPE_LOG_DEBUG};
  trp_log_text(&log, TROUPE_LOG_INFO, "w", "1\0002", 3);
  assert_string_equal(c.text, "w: 1\\x002");
  trp_log_write(&log, TROUPE_LOG_INFO, "a\nb", "%s", "1\r\n2\t\x1b[0m\x7f caf\xc3\xa9 \\n");
  assert_string_equal(c.text, "a\\x0ab: 1\\x0d\\x0a2\t\\x1b[0m\\x7f caf\xc3\xa9 \\n");
}

static bool ends_in(const char *s, const char *end) {
  size_t n = strlen(s), m = strlen(end);
  return n >= m && strcmp(s + n - m, end) == 0;
}

static void a_long_line_is_cut_between_characters(void **state) {
  (void)state;
  static const char *const units[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x99\x82", "\n"};
  for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
    for (size_t shift = 0; shift < 4; shift++) {
      char text[4 * TRP_LOG_LINE_MAX + 8] = "";
      size_t unit = strlen(units[u]), len = shift;
      memset(text, '.', shift);
      for (; len + unit < sizeof text; len += unit)
        memcpy(text + len, units[u], unit);
      text[len] = '\0';
      caught c = {0};
      trp_log log = {.sink = catch_line, .ctx = &c, .min = TROUPE_LOG_DEBUG};
      trp_log_write(&log, TROUPE_LOG_INFO, NULL, "%s", text);
      assert_true(c.len <= TRP_LOG_LINE_MAX && c.len > TRP_LOG_LINE_MAX - 8);
      assert_true(ends_in(c.text, "… truncated"));
      size_t kept = c.len - strlen("… truncated") - shift;
      size_t shown = *units[u] == '\n' ? 4 : unit;
      assert_int_equal(kept % shown, 0);
    }
  }
}

static void the_stderr_sink_writes_time_level_and_text(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  trp_log log = {.sink = trp_log_stderr, .ctx = &fds[1], .min = TROUPE_LOG_DEBUG};
  trp_log_write(&log, TROUPE_LOG_WARN, "who", "text");
  char got[128] = "";
  ssize_t n = read(fds[0], got, sizeof got - 1);
  assert_int_equal(n, strlen("2026-11-20T10:00:00.123Z warn who: text\n"));
  assert_int_equal(got[10], 'T');
  assert_int_equal(got[19], '.');
  assert_string_equal(got + 23, "Z warn who: text\n");
  close(fds[0]);
  close(fds[1]);
}

enum { WRITERS = 4, LINES = 50 };

static void *write_lines(void *arg) {
  for (int i = 0; i < LINES; i++)
    trp_log_write(arg, TROUPE_LOG_INFO, "thread", "%0100d", i);
  return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state) {
  (void)state;
  FILE *file = tmpfile();
  assert_non_null(file);
  int fd = fileno(file);
  trp_log log = {.sink = trp_log_stderr, .ctx = &fd, .min = TROUPE_LOG_DEBUG};
  pthread_t threads[WRITERS];
  for (int i = 0; i < WRITERS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &log), 0);
  for (int i = 0; i < WRITERS; i++)
    pthread_join(threads[i], NULL);

  char line[512];
  int lines = 0;
  rewind(file);
  while (fgets(line, sizeof line, file)) {
    assert_int_equal(strlen(line), strlen("2026-11-20T10:00:00.123Z info thread: ") + 100 + 1);
    lines++;
  }
  assert_int_equal(lines, WRITERS * LINES);
  fclose(file);
}

static void a_reader_that_does_not_read_stops_nobody(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  trp_log log = {.sink = trp_log_stderr, .ctx = &fds[1], .min = TROUPE_LOG_DEBUG};
  char text[1000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  for (int i = 0; i < 1000; i++) /* far more than a pipe holds */
    trp_log_write(&log, TROUPE_LOG_INFO, "t", "%s", text);
  close(fds[0]);
  close(fds[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_names_who_and_what),
      cmocka_unit_test(lower_levels_and_missing_sinks_are_silent),
      cmocka_unit_test(control_bytes_are_escaped_and_utf8_stays),
      cmocka_unit_test(a_long_line_is_cut_between_characters),
      cmocka_unit_test(the_stderr_sink_writes_time_level_and_text),
      cmocka_unit_test(lines_of_several_threads_do_not_mix),
      cmocka_unit_test(a_reader_that_does_not_read_stops_nobody),
  };
  return run_tests(tests);
}
