/* The cursor and the writer of tools/wire. Whatever the bytes are, the cursor stays inside them;
 * what it calls valid, msgpack-c reads as well; and what is read and written again is the same
 * value, in an encoding that does not change any more. */
#include <math.h>
#include <string.h>

#include <msgpack.h>

#include <troupe/error.h>

#include "tests/fuzz/fuzz.h"
#include "tools/wire.h"

/* Goes over the tokens as they come, whatever their structure. */
static void read_tokens(const uint8_t *data, size_t size) {
  trp_wire_reader r;
  trp_wire_token t;
  trp_wire_reader_init(&r, data, size);
  for (;;) {
    const uint8_t *before = r.p;
    size_t left = (size_t)(r.end - r.p);
    int err = trp_wire_next(&r, &t);
    if (err) {
      REQUIRE(err == TROUPE_E_FORMAT && r.p == before);
      return;
    }
    REQUIRE(r.p > before && r.p <= r.end);
    if (t.type == TRP_WIRE_STR || t.type == TRP_WIRE_BIN || t.type == TRP_WIRE_EXT)
      REQUIRE(t.len == 0 || (t.data > before && t.data + t.len == r.p));
    if (t.type == TRP_WIRE_ARRAY) REQUIRE(t.len < left);
    if (t.type == TRP_WIRE_MAP) REQUIRE(2 * t.len < left);
  }
}

/* Copies one token; what an array or a map holds follows as tokens of its own. */
static void put(trp_wire_writer *w, const trp_wire_token *t) {
  switch (t->type) {
  case TRP_WIRE_NIL:
    trp_wire_put_nil(w);
    break;
  case TRP_WIRE_BOOL:
    trp_wire_put_bool(w, t->as.boolean);
    break;
  case TRP_WIRE_INT:
    trp_wire_put_int(w, t->as.integer);
    break;
  case TRP_WIRE_UINT:
    trp_wire_put_uint(w, t->as.uinteger);
    break;
  case TRP_WIRE_FLOAT:
    trp_wire_put_double(w, t->as.number);
    break;
  case TRP_WIRE_STR:
    trp_wire_put_str(w, t->data, t->len);
    break;
  case TRP_WIRE_BIN:
    trp_wire_put_bin(w, t->data, t->len);
    break;
  case TRP_WIRE_EXT:
    trp_wire_put_ext(w, t->ext, t->data, t->len);
    break;
  case TRP_WIRE_ARRAY:
    trp_wire_put_array(w, t->len);
    break;
  case TRP_WIRE_MAP:
    trp_wire_put_map(w, t->len);
    break;
  }
}

static int copy(const void *data, size_t size, trp_buf *out) {
  trp_wire_reader r;
  trp_wire_writer w;
  trp_wire_token t;
  trp_wire_reader_init(&r, data, size);
  trp_wire_writer_init(&w, out);
  while (!trp_wire_at_end(&r)) {
    REQUIRE(trp_wire_next(&r, &t) == TROUPE_OK);
    put(&w, &t);
  }
  return w.err;
}

static bool same_token(const trp_wire_token *a, const trp_wire_token *b) {
  if (a->type != b->type) return false;
  switch (a->type) {
  case TRP_WIRE_NIL:
    return true;
  case TRP_WIRE_BOOL:
    return a->as.boolean == b->as.boolean;
  case TRP_WIRE_INT:
    return a->as.integer == b->as.integer;
  case TRP_WIRE_UINT:
    return a->as.uinteger == b->as.uinteger;
  case TRP_WIRE_FLOAT:
    return a->as.number == b->as.number || (isnan(a->as.number) && isnan(b->as.number));
  case TRP_WIRE_EXT:
    if (a->ext != b->ext) return false;
    break;
  case TRP_WIRE_ARRAY:
  case TRP_WIRE_MAP:
    return a->len == b->len;
  case TRP_WIRE_STR:
  case TRP_WIRE_BIN:
    break;
  }
  return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void require_same(const void *a, size_t a_len, const void *b, size_t b_len) {
  trp_wire_reader ra, rb;
  trp_wire_token ta, tb;
  trp_wire_reader_init(&ra, a, a_len);
  trp_wire_reader_init(&rb, b, b_len);
  while (!trp_wire_at_end(&ra)) {
    REQUIRE(trp_wire_next(&ra, &ta) == TROUPE_OK && trp_wire_next(&rb, &tb) == TROUPE_OK);
    REQUIRE(same_token(&ta, &tb));
  }
  REQUIRE(trp_wire_at_end(&rb));
}

/* One whole value is read, written, and read again; msgpack-c is the judge of both. */
static void rewrite(const uint8_t *data, size_t size, size_t limit) {
  trp_buf once, twice;
  trp_buf_init(&once, NULL, SIZE_MAX);
  trp_buf_init(&twice, NULL, SIZE_MAX);
  REQUIRE(copy(data, size, &once) == TROUPE_OK);
  REQUIRE(trp_wire_valid(once.data, once.len, TRP_WIRE_DEPTH) == TROUPE_OK);
  require_same(data, size, once.data, once.len);
  REQUIRE(copy(once.data, once.len, &twice) == TROUPE_OK);
  REQUIRE(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);

  msgpack_unpacked result;
  msgpack_unpacked_init(&result);
  size_t at = 0;
  REQUIRE(msgpack_unpack_next(&result, (const char *)data, size, &at) == MSGPACK_UNPACK_SUCCESS);
  REQUIRE(at == size);
  at = 0;
  REQUIRE(msgpack_unpack_next(&result, (const char *)once.data, once.len, &at) ==
          MSGPACK_UNPACK_SUCCESS);
  REQUIRE(at == once.len);
  msgpack_unpacked_destroy(&result);

  trp_buf_fini(&twice);
  trp_buf_init(&twice, NULL, limit); /* what does not fit is refused as a whole */
  int err = copy(data, size, &twice);
  REQUIRE(err == (once.len <= limit ? TROUPE_OK : TROUPE_E_TOO_BIG) && twice.len <= limit);
  trp_buf_fini(&once);
  trp_buf_fini(&twice);
}

/* The look-ups by name: on an error the default stays. */
static void look_up(const uint8_t *data, size_t size, const char *key) {
  const char *text = "default";
  size_t len = 7;
  int64_t integer = 77;
  double number = 7.5;
  bool flag = true;
  trp_wire_slice slice;
  int err = trp_wire_find(data, size, key, &slice);
  if (err)
    REQUIRE(slice.len == 0);
  else
    REQUIRE(trp_wire_valid(slice.data, slice.len, TRP_WIRE_DEPTH) == TROUPE_OK);
  if (trp_wire_get_str(data, size, key, &text, &len))
    REQUIRE(len == 7 && strcmp(text, "default") == 0);
  else
    REQUIRE(!err && len < slice.len);
  if (trp_wire_get_int(data, size, key, &integer)) REQUIRE(integer == 77);
  if (trp_wire_get_double(data, size, key, &number)) REQUIRE(number == 7.5);
  if (trp_wire_get_bool(data, size, key, &flag)) REQUIRE(flag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  unsigned depth = fuzz_byte(&data, &size) % (TRP_WIRE_DEPTH + 1);
  size_t limit = fuzz_byte(&data, &size);
  read_tokens(data, size);
  look_up(data, size, "key");
  look_up(data, size, "");
  int err = trp_wire_valid(data, size, TRP_WIRE_DEPTH);
  REQUIRE(err == TROUPE_OK || err == TROUPE_E_FORMAT || err == TROUPE_E_TOO_BIG);
  int shallow = trp_wire_valid(data, size, depth);
  if (shallow == TROUPE_OK) REQUIRE(err == TROUPE_OK);
  if (err == TROUPE_OK) {
    REQUIRE(shallow == TROUPE_OK || shallow == TROUPE_E_TOO_BIG);
    rewrite(data, size, limit);
  }
  return 0;
}
