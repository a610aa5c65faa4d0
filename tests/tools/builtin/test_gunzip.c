#include "tests/tools/builtin/tool_bench.h"

#define ZLIB_CONST
#include <zlib.h>

static uint8_t packed[1 << 20];

/* Compresses into packed; returns the length. */
static size_t pack(const void *data, size_t len, size_t at) {
  z_stream z = {0};
  assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = data;
  z.avail_in = (uInt)len;
  z.next_out = packed + at;
  z.avail_out = (uInt)(sizeof packed - at);
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  size_t n = z.total_out;
  deflateEnd(&z);
  return n;
}

static void unpack(tool_bench *b, size_t len, int64_t max) {
  trp_wire_writer *w = bench_args(b, max ? 2 : 1);
  trp_wire_put_cstr(w, "data");
  trp_wire_put_bin(w, packed, len);
  if (max) {
    trp_wire_put_cstr(w, "max_bytes");
    trp_wire_put_int(w, max);
  }
  bench_call(b, "gunzip");
}

static void data_and_files_are_inflated(void **state) {
  tool_bench *b = *state;
  size_t n = pack("hello\0\xff", 7, 0);
  unpack(b, n, 0);
  expect_text(b, "hello\0\xff", 7);
  bench_put_file(b, "ro/f.gz", packed, n);
  bench_call1(b, "gunzip", "path", bench_path(b, "ro/f.gz"));
  expect_text(b, "hello\0\xff", 7);
  n = pack("", 0, 0);
  unpack(b, n, 0);
  expect_text(b, "", 0);
}

static void members_are_joined_and_padding_is_ignored(void **state) {
  tool_bench *b = *state;
  size_t n = pack("one ", 4, 0);
  n += pack("two", 3, n);
  unpack(b, n, 0);
  expect_text(b, "one two", 7);
  memset(packed + n, 0, 100);
  unpack(b, n + 100, 0);
  expect_text(b, "one two", 7);
  memset(packed + n, 7, 7);
  unpack(b, n + 7, 0);
  expect_failure(b, "corrupt", TROUPE_OUTCOME_PERMANENT);
}

static void every_truncation_is_corrupt(void **state) {
  tool_bench *b = *state;
  char text[200];
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = (char)(i * 7 + i / 3);
  size_t n = pack(text, sizeof text, 0);
  for (size_t i = 0; i < n; i++) {
    unpack(b, i, 0);
    expect_failure(b, "corrupt", TROUPE_OUTCOME_PERMANENT);
  }
  assert_non_null(strstr(b->message, "byte"));
  packed[n - 6] ^= 1; /* the checksum */
  unpack(b, n, 0);
  expect_failure(b, "corrupt", TROUPE_OUTCOME_PERMANENT);
}

static void a_bomb_costs_no_more_than_the_limit(void **state) {
  tool_bench *b = *state;
  size_t size = 64 << 20;
  char *zeros = calloc(1, size);
  assert_non_null(zeros);
  size_t n = pack(zeros, size, 0);
  unpack(b, n, 0);
  expect_failure(b, "too_big", TROUPE_OUTCOME_PERMANENT);
  n = pack(zeros, 1000, 0);
  unpack(b, n, 999);
  expect_failure(b, "too_big", TROUPE_OUTCOME_PERMANENT);
  unpack(b, n, 1000);
  expect_text(b, zeros, 1000);
  free(zeros);
}

static void reading_says_what_is_wrong(void **state) {
  tool_bench *b = *state;
  bench_call1(b, "gunzip", "path", bench_path(b, "ro/none"));
  expect_failure(b, "ENOENT", TROUPE_OUTCOME_PERMANENT);
  bench_call1(b, "gunzip", "path", bench_path(b, "out/secret"));
  expect_failure(b, "EACCES", TROUPE_OUTCOME_PERMANENT);
  bench_call1(b, "gunzip", "path", bench_path(b, "ro"));
  expect_failure(b, "EISDIR", TROUPE_OUTCOME_PERMANENT);
  bench_args(b, 0);
  bench_call(b, "gunzip");
  expect_failure(b, "invalid", TROUPE_OUTCOME_REJECTED);
  bench_put_file(b, "ro/plain", "plain text", 10);
  bench_call1(b, "gunzip", "path", bench_path(b, "ro/plain"));
  expect_failure(b, "corrupt", TROUPE_OUTCOME_PERMANENT);
}

static void unpack_utf8(tool_bench *b, size_t len) {
  trp_wire_writer *w = bench_args(b, 2);
  trp_wire_put_cstr(w, "data");
  trp_wire_put_bin(w, packed, len);
  trp_wire_put_cstr(w, "utf8");
  trp_wire_put_bool(w, true);
  bench_call(b, "gunzip");
}

static void text_that_is_not_utf8_is_refused_when_that_is_asked_for(void **state) {
  tool_bench *b = *state;
  static const char good[] =
      "seven.. eight.. \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf ok";
  unpack_utf8(b, pack(good, sizeof good - 1, 0));
  expect_text(b, good, sizeof good - 1);
  static const char *const bad[] = {"\x80",
                                    "\xc3",
                                    "\xc0\x80",
                                    "\xe9t\xe9",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80",
                                    "\xe2\x82",
                                    "\xe0\x9f\xbf",
                                    "\xf0\x8f\xbf\xbf",
                                    "\xe2\x82z"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[64];
    int n = snprintf(text, sizeof text, "twelve bytes%s", bad[i]);
    unpack_utf8(b, pack(text, (size_t)n, 0));
    expect_failure(b, "not_utf8", TROUPE_OUTCOME_PERMANENT);
    assert_non_null(strstr(b->message, "from byte 13 on"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_BENCH(data_and_files_are_inflated),
      WITH_BENCH(members_are_joined_and_padding_is_ignored),
      WITH_BENCH(every_truncation_is_corrupt),
      WITH_BENCH(a_bomb_costs_no_more_than_the_limit),
      WITH_BENCH(reading_says_what_is_wrong),
      WITH_BENCH(text_that_is_not_utf8_is_refused_when_that_is_asked_for),
  };
  return run_tests(tests);
}
