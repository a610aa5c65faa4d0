/* Reading and writing msgpack: exact bytes, hostile bytes, and msgpack-c as the reference. */
#include "tests/test.h"

#include "tools/wire.h"

#include <math.h>

#include <msgpack.h>

#include <troupe/error.h>

#include "actors/base/mem.h"
#include "actors/base/rand.h"

/* A copy without a spare byte behind it, so that the address sanitizer sees reads past the end. */
static uint8_t *exact(const void *data, size_t len) {
  uint8_t *copy = malloc(len ? len : 1);
  if (!copy) abort();
  if (len) memcpy(copy, data, len);
  return copy;
}

static int valid(const void *data, size_t len, unsigned max_depth) {
  uint8_t *copy = exact(data, len);
  int err = trp_wire_valid(len ? copy : NULL, len, max_depth);
  free(copy);
  return err;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void puts_have_the_shortest_encoding(void **state) {
  (void)state;
  static const struct {
    int64_t value;
    size_t len;
    uint8_t bytes[9];
  } ints[] = {
      {0, 1, {0}},
      {127, 1, {0x7f}},
      {128, 2, {0xcc, 128}},
      {255, 2, {0xcc, 255}},
      {256, 3, {0xcd, 1, 0}},
      {65535, 3, {0xcd, 255, 255}},
      {65536, 5, {0xce, 0, 1, 0, 0}},
      {UINT32_MAX, 5, {0xce, 255, 255, 255, 255}},
      {INT64_C(4294967296), 9, {0xcf, 0, 0, 0, 1, 0, 0, 0, 0}},
      {INT64_MAX, 9, {0xcf, 0x7f, 255, 255, 255, 255, 255, 255, 255}},
      {-1, 1, {0xff}},
      {-32, 1, {0xe0}},
      {-33, 2, {0xd0, 0xdf}},
      {-128, 2, {0xd0, 0x80}},
      {-129, 3, {0xd1, 0xff, 0x7f}},
      {-32768, 3, {0xd1, 0x80, 0}},
      {-32769, 5, {0xd2, 0xff, 0xff, 0x7f, 0xff}},
      {INT32_MIN, 5, {0xd2, 0x80, 0, 0, 0}},
      {INT64_C(-2147483649), 9, {0xd3, 255, 255, 255, 255, 0x7f, 255, 255, 255}},
      {INT64_MIN, 9, {0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0}},
  };
  for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
    trp_buf b;
    trp_wire_writer w;
    trp_buf_init(&b, NULL, 100);
    trp_wire_writer_init(&w, &b);
    trp_wire_put_int(&w, ints[i].value);
    assert_int_equal(w.err, 0);
    assert_int_equal(b.len, ints[i].len);
    assert_memory_equal(b.data, ints[i].bytes, b.len);
    trp_wire_reader r;
    trp_wire_token t;
    trp_wire_reader_init(&r, b.data, b.len);
    assert_int_equal(trp_wire_next(&r, &t), 0);
    assert_int_equal(t.type, TRP_WIRE_INT);
    assert_true(t.as.integer == ints[i].value);
    trp_buf_fini(&b);
  }
}

static int append(void *ctx, const char *p, size_t n) { return trp_buf_append(ctx, p, n); }

/* Puts one random value with both writers. */
static void put_both(trp_rand *r, trp_wire_writer *w, msgpack_packer *pk, int depth) {
  static const size_t lengths[] = {0, 1, 2, 3, 4, 8, 15, 16, 31, 32, 255, 256, 65535, 65536};
  static uint8_t bytes[65536];
  uint64_t bits = trp_rand_next(r) >> trp_rand_below(r, 64);
  size_t len = lengths[trp_rand_below(r, sizeof lengths / sizeof *lengths)];
  double d;
  memcpy(&d, &bits, sizeof d);
  switch (trp_rand_below(r, depth > 3 ? 8 : 10)) {
  case 0:
    trp_wire_put_nil(w);
    msgpack_pack_nil(pk);
    break;
  case 1:
    trp_wire_put_bool(w, bits & 1);
    bits & 1 ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
    break;
  case 2:
    trp_wire_put_int(w, (int64_t)bits);
    msgpack_pack_int64(pk, (int64_t)bits);
    break;
  case 3:
    trp_wire_put_int(w, -(int64_t)(bits >> 1));
    msgpack_pack_int64(pk, -(int64_t)(bits >> 1));
    break;
  case 4:
    trp_wire_put_double(w, d);
    msgpack_pack_double(pk, d);
    break;
  case 5:
    trp_wire_put_str(w, bytes, len);
    msgpack_pack_str_with_body(pk, bytes, len);
    break;
  case 6:
    trp_wire_put_bin(w, bytes, len);
    msgpack_pack_bin_with_body(pk, bytes, len);
    break;
  case 7:
    trp_wire_put_ext(w, (int8_t)bits, bytes, len);
    msgpack_pack_ext_with_body(pk, bytes, len, (int8_t)bits);
    break;
  case 8:
    len %= 20;
    trp_wire_put_array(w, len);
    msgpack_pack_array(pk, len);
    for (size_t i = 0; i < len; i++)
      put_both(r, w, pk, depth + 1);
    break;
  default:
    len %= 20;
    trp_wire_put_map(w, len);
    msgpack_pack_map(pk, len);
    for (size_t i = 0; i < 2 * len; i++)
      put_both(r, w, pk, depth + 1);
    break;
  }
}

static void the_bytes_are_those_of_msgpack_c(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int round = 0; round < 300; round++) {
    trp_buf ours, theirs;
    trp_wire_writer w;
    msgpack_packer pk;
    trp_buf_init(&ours, NULL, 1u << 20);
    trp_buf_init(&theirs, NULL, 1u << 20);
    trp_wire_writer_init(&w, &ours);
    msgpack_packer_init(&pk, &theirs, append);
    put_both(&r, &w, &pk, 0);
    if (w.err == 0) {
      assert_int_equal(ours.len, theirs.len);
      assert_memory_equal(ours.data, theirs.data, ours.len);
      assert_int_equal(trp_wire_valid(ours.data, ours.len, TRP_WIRE_DEPTH), 0);
    } else {
      assert_int_equal(w.err, TROUPE_E_TOO_BIG);
    }
    trp_buf_fini(&ours);
    trp_buf_fini(&theirs);
  }
}

static void the_first_error_of_a_writer_stays(void **state) {
  (void)state;
  trp_buf b;
  trp_wire_writer w;
  trp_buf_init(&b, NULL, 10);
  trp_wire_writer_init(&w, &b);
  trp_wire_put_str(&w, "123456789", 9); /* exactly 10 bytes */
  assert_int_equal(w.err, 0);
  trp_wire_put_nil(&w);
  assert_int_equal(w.err, TROUPE_E_TOO_BIG);
  trp_wire_put_raw(&w, "", 0);
  assert_int_equal(w.err, TROUPE_E_TOO_BIG);
  assert_int_equal(b.len, 10);
  trp_buf_fini(&b);

  trp_buf_init(&b, NULL, 10);
  trp_wire_writer_init(&w, &b);
  trp_wire_put_array(&w, (size_t)UINT32_MAX + 1);
  assert_int_equal(w.err, TROUPE_E_TOO_BIG);
  trp_buf_fini(&b);
}

static void each_allocation_of_a_writer_may_fail(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    faulty f;
    trp_buf b;
    trp_wire_writer w;
    faulty_init(&f, n);
    trp_buf_init(&b, &f.allocator, 1u << 20);
    trp_wire_writer_init(&w, &b);
    for (int i = 0; i < 1000; i++)
      trp_wire_put_cstr(&w, "some text");
    int err = w.err;
    assert_true(err == 0 || err == -ENOMEM);
    trp_buf_fini(&b);
    faulty_check(&f);
    if (err == 0 && f.calls < n) break;
  }
}

/* ---- reading ------------------------------------------------------------------------------- */

static void unsigned_numbers_that_fit_no_integer_stay_apart(void **state) {
  (void)state;
  static const uint8_t high[] = {0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0};
  trp_wire_reader r;
  trp_wire_token t;
  trp_wire_reader_init(&r, high, sizeof high);
  assert_int_equal(trp_wire_next(&r, &t), 0);
  assert_int_equal(t.type, TRP_WIRE_UINT);
  assert_true(t.as.uinteger == UINT64_C(1) << 63);
}

static void floats_of_both_sizes_are_read(void **state) {
  (void)state;
  static const uint8_t bytes[] = {0xca, 0x3f, 0xc0, 0, 0, 0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0};
  trp_wire_reader r;
  trp_wire_token t;
  trp_wire_reader_init(&r, bytes, sizeof bytes);
  assert_int_equal(trp_wire_next(&r, &t), 0);
  assert_int_equal(t.type, TRP_WIRE_FLOAT);
  assert_true(t.as.number == 1.5);
  assert_int_equal(trp_wire_next(&r, &t), 0);
  assert_true(isinf(t.as.number));
  assert_true(trp_wire_at_end(&r));
  assert_int_equal(trp_wire_next(&r, &t), TROUPE_E_FORMAT);
}

static void nothing_is_not_a_value(void **state) {
  (void)state;
  assert_int_equal(valid(NULL, 0, 1), TROUPE_E_FORMAT);
}

static void hostile_counts_are_refused_at_once(void **state) {
  (void)state;
  static const struct {
    size_t len;
    uint8_t bytes[8];
  } cases[] = {
      {5, {0xdd, 0x0d, 0xff, 0xff, 0xff}},             /* an array of 234 million */
      {5, {0xdf, 0xff, 0xff, 0xff, 0xff}},             /* a map of 4 billion */
      {5, {0xdb, 0xff, 0xff, 0xff, 0xff}},             /* a string of 4 GiB */
      {5, {0xc6, 0xff, 0xff, 0xff, 0xff}},             /* bin */
      {6, {0xc9, 0xff, 0xff, 0xff, 0xff, 1}},          /* ext */
      {7, {0x81, 0xa1, 'k', 0xdd, 0, 0xff, 0xff}},     /* cut within a count */
      {4, {0xdc, 0, 2, 1}},                            /* one element short */
      {5, {0xde, 0, 2, 1, 1}},                         /* half a map */
      {4, {0x82, 1, 1, 1}},                            /* a key without a value */
      {1, {0xc1}},                                     /* never used */
      {2, {1, 1}},                                     /* two values */
      {8, {0xdc, 0xff, 0xff, 0xc0, 0xc0, 0xc0, 0xc0}}, /* far too few */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(valid(cases[i].bytes, cases[i].len, TRP_WIRE_DEPTH), TROUPE_E_FORMAT);
}

static size_t nest(uint8_t *bytes, size_t depth, bool maps, bool empty) {
  size_t len = 0;
  for (size_t i = 1; i <= depth; i++) {
    bool last = empty && i == depth;
    bytes[len++] = (uint8_t)((maps ? 0x80 : 0x90) + !last);
    if (maps && !last) bytes[len++] = 1;
  }
  if (!empty) bytes[len++] = 0xc0;
  return len;
}

static void depth_32_is_the_last(void **state) {
  (void)state;
  for (int kind = 0; kind < 4; kind++) {
    for (size_t depth = 31; depth <= 34; depth++) {
      uint8_t bytes[80];
      size_t len = nest(bytes, depth, kind & 1, kind & 2);
      int err = depth <= 32 ? TROUPE_OK : TROUPE_E_TOO_BIG;
      assert_int_equal(valid(bytes, len, TRP_WIRE_DEPTH), err);
    }
  }
  assert_int_equal(valid("\x01", 1, 0), 0);
  assert_int_equal(valid("\x90", 1, 0), TROUPE_E_TOO_BIG);
}

static bool reference_accepts(const uint8_t *data, size_t len) {
  msgpack_unpacked u;
  msgpack_unpacked_init(&u);
  size_t off = 0;
  bool ok = msgpack_unpack_next(&u, (const char *)data, len, &off) == MSGPACK_UNPACK_SUCCESS;
  msgpack_unpacked_destroy(&u);
  return ok && off == len;
}

static void every_first_byte_and_every_cut_is_safe(void **state) {
  (void)state;
  static const uint8_t tail[] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  for (unsigned first = 0; first <= 0xff; first++) {
    uint8_t bytes[1 + sizeof tail] = {(uint8_t)first};
    memcpy(bytes + 1, tail, sizeof tail);
    for (size_t len = 1; len <= sizeof bytes; len++) {
      int err = valid(bytes, len, TRP_WIRE_DEPTH);
      assert_true(err == TROUPE_OK || err == TROUPE_E_FORMAT);
      assert_int_equal(err == TROUPE_OK, reference_accepts(bytes, len));
    }
  }
}

static void cut_and_changed_messages_never_mislead_the_reader(void **state) {
  (void)state;
  trp_rand r;
  trp_rand_init(&r, test_seed());
  for (int round = 0; round < 300; round++) {
    trp_buf b;
    trp_wire_writer w;
    trp_buf_init(&b, NULL, 4000);
    trp_wire_writer_init(&w, &b);
    msgpack_packer none;
    trp_buf trash;
    trp_buf_init(&trash, NULL, 4000);
    msgpack_packer_init(&none, &trash, append);
    trp_wire_put_array(&w, 1);
    put_both(&r, &w, &none, 0);
    if (w.err == 0) {
      for (size_t cut = 0; cut < b.len; cut += 1 + b.len / 97)
        assert_int_equal(valid(b.data, cut, TRP_WIRE_DEPTH), TROUPE_E_FORMAT);
      for (int i = 0; i < 50; i++) {
        b.data[trp_rand_below(&r, b.len < 40 ? b.len : 40)] = (uint8_t)trp_rand_next(&r);
        (void)valid(b.data, b.len, TRP_WIRE_DEPTH);
      }
    }
    trp_buf_fini(&b);
    trp_buf_fini(&trash);
  }
}

static void a_failed_skip_does_not_move(void **state) {
  (void)state;
  static const uint8_t bytes[] = {0x92, 1, 0x92, 2};
  trp_wire_reader r;
  trp_wire_reader_init(&r, bytes, sizeof bytes);
  assert_int_equal(trp_wire_skip(&r, TRP_WIRE_DEPTH), TROUPE_E_FORMAT);
  assert_ptr_equal(r.p, bytes);
}

/* ---- fields -------------------------------------------------------------------------------- */

static void fields_of_a_map_are_found_by_key_and_type(void **state) {
  (void)state;
  trp_buf b;
  trp_wire_writer w;
  trp_buf_init(&b, NULL, 1000);
  trp_wire_writer_init(&w, &b);
  trp_wire_put_map(&w, 9);
  trp_wire_put_cstr(&w, "url");
  trp_wire_put_cstr(&w, "http://x/");
  trp_wire_put_cstr(&w, "n");
  trp_wire_put_int(&w, -7);
  trp_wire_put_cstr(&w, "whole");
  trp_wire_put_double(&w, 3.0);
  trp_wire_put_cstr(&w, "half");
  trp_wire_put_double(&w, 0.5);
  trp_wire_put_cstr(&w, "nan");
  trp_wire_put_double(&w, (double)NAN);
  trp_wire_put_cstr(&w, "none");
  trp_wire_put_nil(&w);
  trp_wire_put_int(&w, 5); /* other keys do not disturb */
  trp_wire_put_array(&w, 0);
  trp_wire_put_cstr(&w, "yes");
  trp_wire_put_bool(&w, true);
  trp_wire_put_cstr(&w, "n");
  trp_wire_put_int(&w, 8);
  assert_int_equal(w.err, 0);

  const char *s = NULL;
  size_t n = 0;
  int64_t i = 42;
  double d = 42;
  bool yes = false;
  trp_wire_slice slice;
  assert_int_equal(trp_wire_get_str(b.data, b.len, "url", &s, &n), 0);
  assert_int_equal(n, 9);
  assert_memory_equal(s, "http://x/", 9);
  assert_int_equal(trp_wire_get_int(b.data, b.len, "n", &i), 0);
  assert_int_equal(i, 8); /* the last one counts */
  assert_int_equal(trp_wire_get_int(b.data, b.len, "whole", &i), 0);
  assert_int_equal(i, 3);
  assert_int_equal(trp_wire_get_int(b.data, b.len, "half", &i), TROUPE_E_INVALID);
  assert_int_equal(trp_wire_get_int(b.data, b.len, "nan", &i), TROUPE_E_INVALID);
  assert_int_equal(trp_wire_get_int(b.data, b.len, "url", &i), TROUPE_E_INVALID);
  assert_int_equal(trp_wire_get_int(b.data, b.len, "none", &i), TROUPE_E_NOT_FOUND);
  assert_int_equal(trp_wire_get_int(b.data, b.len, "absent", &i), TROUPE_E_NOT_FOUND);
  assert_int_equal(i, 3); /* unchanged by errors */
  assert_int_equal(trp_wire_get_double(b.data, b.len, "half", &d), 0);
  assert_true(d == 0.5);
  assert_int_equal(trp_wire_get_double(b.data, b.len, "n", &d), 0);
  assert_true(d == 8);
  assert_int_equal(trp_wire_get_double(b.data, b.len, "yes", &d), TROUPE_E_INVALID);
  assert_int_equal(trp_wire_get_bool(b.data, b.len, "yes", &yes), 0);
  assert_true(yes);
  assert_int_equal(trp_wire_get_bool(b.data, b.len, "n", &yes), TROUPE_E_INVALID);
  assert_int_equal(trp_wire_get_str(b.data, b.len, "n", &s, &n), TROUPE_E_INVALID);
  assert_int_equal(trp_wire_find(b.data, b.len, "none", &slice), 0);
  assert_int_equal(slice.len, 1);
  for (size_t cut = 0; cut < b.len; cut++) {
    uint8_t *copy = exact(b.data, cut);
    assert_int_equal(trp_wire_find(copy, cut, "url", &slice), TROUPE_E_FORMAT);
    assert_null(slice.data);
    free(copy);
  }
  trp_buf_fini(&b);
  assert_int_equal(trp_wire_find("\x90", 1, "x", &slice), TROUPE_E_INVALID);
  assert_int_equal(trp_wire_find("\x80\x01", 2, "x", &slice), TROUPE_E_FORMAT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(puts_have_the_shortest_encoding),
      cmocka_unit_test(the_bytes_are_those_of_msgpack_c),
      cmocka_unit_test(the_first_error_of_a_writer_stays),
      cmocka_unit_test(each_allocation_of_a_writer_may_fail),
      cmocka_unit_test(unsigned_numbers_that_fit_no_integer_stay_apart),
      cmocka_unit_test(floats_of_both_sizes_are_read),
      cmocka_unit_test(nothing_is_not_a_value),
      cmocka_unit_test(hostile_counts_are_refused_at_once),
      cmocka_unit_test(depth_32_is_the_last),
      cmocka_unit_test(every_first_byte_and_every_cut_is_safe),
      cmocka_unit_test(cut_and_changed_messages_never_mislead_the_reader),
      cmocka_unit_test(a_failed_skip_does_not_move),
      cmocka_unit_test(fields_of_a_map_are_found_by_key_and_type),
  };
  return run_tests(tests);
}
