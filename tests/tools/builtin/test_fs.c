#include "tests/tools/builtin/tool_bench.h"

static void echo_gives_its_value_back(void **state) {
  tool_bench *b = *state;
  trp_wire_writer *w = bench_args(b, 1);
  trp_wire_put_cstr(w, "value");
  trp_wire_put_int(w, 42);
  bench_call(b, "echo");
  assert_int_equal(result_token(b).as.integer, 42);
  bench_args(b, 0);
  bench_call(b, "echo");
  assert_int_equal(result_token(b).type, TRP_WIRE_NIL);
  bench_args(b, 0);
  trp_buf_clear(&b->buf);
  trp_wire_put_int(&b->w, 1); /* no table */
  bench_call(b, "echo");
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
}

static void reading_gives_bytes_as_they_are(void **state) {
  tool_bench *b = *state;
  bench_put_file(b, "ro/bytes", "a\0\xff\xfe z", 6);
  bench_call1(b, "fs.read", "path", bench_path(b, "ro/bytes"));
  expect_text(b, "a\0\xff\xfe z", 6);
  bench_put_file(b, "ro/empty", "", 0);
  bench_call1(b, "fs.read", "path", bench_path(b, "ro/empty"));
  expect_text(b, "", 0);
  trp_wire_writer *w = bench_args(b, 3);
  bench_field(b, "path", bench_path(b, "ro/bytes"));
  trp_wire_put_cstr(w, "offset");
  trp_wire_put_int(w, 1);
  trp_wire_put_cstr(w, "max_bytes");
  trp_wire_put_int(w, 2);
  bench_call(b, "fs.read");
  expect_text(b, "\0\xff", 2);
}

static void reading_says_what_is_wrong(void **state) {
  tool_bench *b = *state;
  bench_call1(b, "fs.read", "path", bench_path(b, "ro/missing"));
  expect_failure(b, "ENOENT", TROUPE_OUTCOME_PERMANENT);
  assert_int_equal(b->attempts, 1);
  assert_non_null(strstr(b->message, "ro/missing"));
  bench_call1(b, "fs.read", "path", bench_path(b, "ro"));
  expect_failure(b, "EISDIR", TROUPE_OUTCOME_PERMANENT);
  bench_call1(b, "fs.read", "path", bench_path(b, "out/secret"));
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  bench_call1(b, "fs.read", "path", bench_path(b, "ro/../out/secret"));
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  assert_int_equal(symlink("../out/secret", bench_path(b, "rw/escape")), 0);
  bench_call1(b, "fs.read", "path", bench_path(b, "rw/escape"));
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  assert_int_equal(mkfifo(bench_path(b, "rw/pipe"), 0600), 0);
  bench_call1(b, "fs.read", "path", bench_path(b, "rw/pipe"));
  expect_failure(b, "EINVAL", TROUPE_OUTCOME_PERMANENT);
  bench_call1(b, "fs.read", "file", "x");
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
  assert_non_null(strstr(b->message, "path"));
  trp_wire_writer *w = bench_args(b, 2);
  bench_field(b, "path", "x");
  trp_wire_put_cstr(w, "offset");
  trp_wire_put_int(w, -1);
  bench_call(b, "fs.read");
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
  if (geteuid() == 0) return; /* root may read everything */
  bench_put_file(b, "ro/closed", "x", 1);
  chmod(bench_path(b, "ro/closed"), 0);
  bench_call1(b, "fs.read", "path", bench_path(b, "ro/closed"));
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
}

static void a_file_that_does_not_fit_is_refused_as_a_whole(void **state) {
  tool_bench *b = *state;
  size_t size = (1 << 20) + 10;
  char *data = calloc(1, size);
  assert_non_null(data);
  bench_put_file(b, "ro/big", data, size);
  bench_call1(b, "fs.read", "path", bench_path(b, "ro/big"));
  expect_failure(b, "too_big", TROUPE_OUTCOME_PERMANENT);
  bench_put_file(b, "ro/big", data, (1 << 20) - 5);
  bench_call1(b, "fs.read", "path", bench_path(b, "ro/big"));
  expect_text(b, data, (1 << 20) - 5);
  free(data);
}

static void write_file(tool_bench *b, const char *path, const char *data, bool append) {
  trp_wire_writer *w = bench_args(b, 4);
  bench_field(b, "path", path);
  bench_field(b, "data", data);
  trp_wire_put_cstr(w, "append");
  trp_wire_put_bool(w, append);
  trp_wire_put_cstr(w, "sync");
  trp_wire_put_bool(w, true);
  bench_call(b, "fs.write");
}

static void expect_file(tool_bench *b, const char *name, const char *text) {
  bench_call1(b, "fs.read", "path", bench_path(b, name));
  expect_text(b, text, strlen(text));
}

static size_t count_entries(tool_bench *b, const char *name) {
  bench_call1(b, "fs.list", "path", bench_path(b, name));
  trp_wire_token t = result_token(b);
  assert_int_equal(t.type, TRP_WIRE_ARRAY);
  return t.len;
}

static void writing_replaces_or_appends(void **state) {
  tool_bench *b = *state;
  write_file(b, bench_path(b, "rw/f"), "one", false);
  assert_int_equal(result_token(b).as.integer, 3);
  expect_file(b, "rw/f", "one");
  chmod(bench_path(b, "rw/f"), 0640);
  write_file(b, bench_path(b, "rw/f"), "two", false);
  expect_file(b, "rw/f", "two");
  struct stat st;
  assert_int_equal(stat(bench_path(b, "rw/f"), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0640);
  write_file(b, bench_path(b, "rw/f"), " three", true);
  expect_file(b, "rw/f", "two three");
  write_file(b, bench_path(b, "rw/new"), "x", true);
  expect_file(b, "rw/new", "x");
  assert_int_equal(symlink("f", bench_path(b, "rw/link")), 0);
  write_file(b, bench_path(b, "rw/link"), "through", false);
  expect_file(b, "rw/f", "through");
  assert_int_equal(lstat(bench_path(b, "rw/link"), &st), 0);
  assert_true(S_ISLNK(st.st_mode));
  assert_int_equal(count_entries(b, "rw"), 3); /* no temporary file is left */
}

static void writing_says_what_is_wrong(void **state) {
  tool_bench *b = *state;
  write_file(b, bench_path(b, "ro/f"), "x", false);
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  write_file(b, bench_path(b, "ro/f"), "x", true);
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  write_file(b, bench_path(b, "rw"), "x", false);
  expect_failure(b, "EISDIR", TROUPE_OUTCOME_PERMANENT);
  write_file(b, bench_path(b, "rw/none/f"), "x", false);
  expect_failure(b, "ENOENT", TROUPE_OUTCOME_PERMANENT);
  assert_int_equal(symlink("../out/secret", bench_path(b, "rw/escape")), 0);
  write_file(b, bench_path(b, "rw/escape"), "x", false);
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  assert_int_equal(symlink(bench_path(b, "ro/f"), bench_path(b, "rw/sideways")), 0);
  bench_put_file(b, "ro/f", "kept", 4);
  write_file(b, bench_path(b, "rw/sideways"), "x", false);
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  expect_file(b, "ro/f", "kept");
  bench_call1(b, "fs.write", "path", bench_path(b, "rw/f"));
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
  write_file(b, "/dev/full", "x", true);
  expect_failure(b, "ENOSPC", TROUPE_OUTCOME_PERMANENT);
  write_file(b, "/dev/full", "x", false); /* a device is never replaced */
  expect_failure(b, "ENOSPC", TROUPE_OUTCOME_PERMANENT);
}

/* The entry at index: its path behind `dir`, and its type. */
static void entry(tool_bench *b, size_t index, const char **path, const char **type, bool *real) {
  static char texts[2][256];
  trp_wire_reader r;
  trp_wire_token t;
  trp_wire_reader_init(&r, b->value, b->len);
  trp_wire_next(&r, &t);
  for (size_t i = 0; i < index; i++)
    assert_int_equal(trp_wire_skip(&r, 4), 0);
  const uint8_t *at = r.p;
  assert_int_equal(trp_wire_skip(&r, 4), 0);
  size_t len = (size_t)(r.p - at), n;
  const char *s;
  assert_int_equal(trp_wire_get_str(at, len, "path", &s, &n), 0);
  size_t skip = strlen(b->dir) + 1;
  snprintf(texts[0], sizeof texts[0], "%.*s", (int)(n - skip), s + skip);
  assert_int_equal(trp_wire_get_str(at, len, "type", &s, &n), 0);
  snprintf(texts[1], sizeof texts[1], "%.*s", (int)n, s);
  *path = texts[0];
  *type = texts[1];
  *real = trp_wire_get_str(at, len, "real", &s, &n) == TROUPE_OK;
}

static void listing_is_sorted_and_shows_where_links_lead(void **state) {
  tool_bench *b = *state;
  bench_put_file(b, "ro/b.md", "bb", 2);
  bench_put_file(b, "ro/a.md", "a", 1);
  mkdir(bench_path(b, "ro/sub"), 0755);
  bench_put_file(b, "ro/sub/c.md", "", 0);
  bench_put_file(b, "ro/sub/d.txt", "", 0);
  assert_int_equal(symlink("sub", bench_path(b, "ro/to_sub")), 0);
  assert_int_equal(symlink("../out", bench_path(b, "ro/away")), 0);
  assert_int_equal(symlink("nothing", bench_path(b, "ro/dangling")), 0);
  struct {
    const char *path, *type;
    bool real;
  } flat[] = {{"ro/a.md", "file", false}, {"ro/away", "link", false},
              {"ro/b.md", "file", false}, {"ro/dangling", "link", false},
              {"ro/sub", "dir", false},   {"ro/to_sub", "dir", true}};
  assert_int_equal(count_entries(b, "ro"), 6);
  for (size_t i = 0; i < 6; i++) {
    const char *path, *type;
    bool real;
    entry(b, i, &path, &type, &real);
    assert_string_equal(path, flat[i].path);
    assert_string_equal(type, flat[i].type);
    assert_int_equal(real, flat[i].real);
  }
  trp_wire_writer *w = bench_args(b, 3);
  bench_field(b, "path", bench_path(b, "ro/"));
  bench_field(b, "suffix", ".md");
  trp_wire_put_cstr(w, "recursive");
  trp_wire_put_bool(w, true);
  bench_call(b, "fs.list");
  assert_int_equal(result_token(b).len, 3);
  const char *path, *type;
  bool real;
  entry(b, 2, &path, &type, &real);
  assert_string_equal(path, "ro/sub/c.md");
}

static void listing_is_bounded(void **state) {
  tool_bench *b = *state;
  char name[32];
  for (int i = 0; i < 20; i++) {
    snprintf(name, sizeof name, "ro/f%d", i);
    bench_put_file(b, name, "", 0);
  }
  trp_wire_writer *w = bench_args(b, 2);
  bench_field(b, "path", bench_path(b, "ro"));
  trp_wire_put_cstr(w, "max");
  trp_wire_put_int(w, 19);
  bench_call(b, "fs.list");
  expect_failure(b, "too_big", TROUPE_OUTCOME_PERMANENT);
  bench_call1(b, "fs.list", "path", bench_path(b, "out"));
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  bench_call1(b, "fs.list", "path", bench_path(b, "ro/f1"));
  expect_failure(b, "ENOTDIR", TROUPE_OUTCOME_PERMANENT);
  int fd = open(bench_path(b, "rw"), O_PATH | O_DIRECTORY);
  for (int i = 0; i < 70; i++) {
    assert_int_equal(mkdirat(fd, "d", 0755), 0);
    int next = openat(fd, "d", O_PATH | O_DIRECTORY);
    close(fd);
    fd = next;
  }
  close(fd);
  w = bench_args(b, 2);
  bench_field(b, "path", bench_path(b, "rw"));
  trp_wire_put_cstr(w, "recursive");
  trp_wire_put_bool(w, true);
  bench_call(b, "fs.list");
  expect_failure(b, "too_deep", TROUPE_OUTCOME_PERMANENT);
}

typedef struct churn {
  char path[128];
  _Atomic int stop;
} churn;

static void *come_and_go(void *arg) {
  churn *c = arg;
  while (!c->stop) {
    int fd = open(c->path, O_WRONLY | O_CREAT, 0600);
    if (fd >= 0) close(fd);
    unlink(c->path);
  }
  return NULL;
}

static void a_file_that_vanishes_is_left_out(void **state) {
  tool_bench *b = *state;
  churn c = {.stop = 0};
  snprintf(c.path, sizeof c.path, "%s", bench_path(b, "rw/ghost"));
  bench_put_file(b, "rw/stays", "", 0);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, come_and_go, &c), 0);
  int bad = 0;
  for (int i = 0; i < 200; i++) {
    bench_call1(b, "fs.list", "path", bench_path(b, "rw"));
    bad += b->code != TROUPE_OK;
  }
  c.stop = 1;
  pthread_join(thread, NULL);
  assert_int_equal(bad, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_BENCH(echo_gives_its_value_back),
      WITH_BENCH(reading_gives_bytes_as_they_are),
      WITH_BENCH(reading_says_what_is_wrong),
      WITH_BENCH(a_file_that_does_not_fit_is_refused_as_a_whole),
      WITH_BENCH(writing_replaces_or_appends),
      WITH_BENCH(writing_says_what_is_wrong),
      WITH_BENCH(listing_is_sorted_and_shows_where_links_lead),
      WITH_BENCH(listing_is_bounded),
      WITH_BENCH(a_file_that_vanishes_is_left_out),
  };
  return run_tests(tests);
}
