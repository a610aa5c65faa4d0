/* Bounded reading and writing of msgpack. */
#include "tools/wire.h"

#include <string.h>

#include <troupe/error.h>

#include "actors/base/assert.h"

/* ---- reading ------------------------------------------------------------------------------- */

enum { INVALID = 0xff };

/* How many bytes of length or value follow the first bytes 0xc0 to 0xdf. */
static const uint8_t head_bytes[32] = {
    0, INVALID, 0, 0,    /* nil, never used, false, true */
    1, 2,       4,       /* bin */
    1, 2,       4,       /* ext: without its type */
    4, 8,                /* float */
    1, 2,       4, 8,    /* unsigned */
    1, 2,       4, 8,    /* signed */
    0, 0,       0, 0, 0, /* ext of 1, 2, 4, 8, 16 bytes */
    1, 2,       4,       /* str */
    2, 4,                /* array */
    2, 4                 /* map */
};

static uint64_t big_endian(const uint8_t *p, size_t n) {
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++)
    v = v << 8 | p[i];
  return v;
}

/* The value of a signed integer of n bytes. */
static int64_t extend(uint64_t v, size_t n) {
  switch (n) {
  case 1:
    return (int8_t)v;
  case 2:
    return (int16_t)v;
  case 4:
    return (int32_t)v;
  default:
    return (int64_t)v;
  }
}

static double to_double(uint64_t v, size_t n) {
  if (n == 4) {
    uint32_t bits = (uint32_t)v;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
  }
  double d;
  memcpy(&d, &v, sizeof d);
  return d;
}

/* n bytes from p belong to the token. NULL when they are not there. */
static const uint8_t *body(trp_wire_token *t, trp_wire_type type, const uint8_t *p,
                           const uint8_t *end, uint64_t n) {
  if (n > (uint64_t)(end - p)) return NULL;
  t->type = type;
  t->data = p;
  t->len = (size_t)n;
  return p + n;
}

static const uint8_t *ext_body(trp_wire_token *t, const uint8_t *p, const uint8_t *end,
                               uint64_t n) {
  if (p == end) return NULL;
  t->ext = (int8_t)*p;
  return body(t, TRP_WIRE_EXT, p + 1, end, n);
}

/* `each` tokens for each of n elements: every one takes a byte at least. */
static const uint8_t *container(trp_wire_token *t, trp_wire_type type, const uint8_t *p,
                                const uint8_t *end, uint64_t n, unsigned each) {
  if (n > (uint64_t)(end - p) / each) return NULL;
  t->type = type;
  t->len = (size_t)n;
  return p;
}

static void set_int(trp_wire_token *t, int64_t i) {
  t->type = TRP_WIRE_INT;
  t->as.integer = i;
}

/* The tokens whose first byte, 0xc0 to 0xdf, is followed by a length or a value. */
static const uint8_t *long_token(trp_wire_token *t, uint8_t first, const uint8_t *p,
                                 const uint8_t *end) {
  size_t n = head_bytes[first - 0xc0];
  if (n == INVALID || n > (size_t)(end - p)) return NULL;
  uint64_t v = big_endian(p, n);
  p += n;
  if (first == 0xc0) return p; /* nil */
  if (first <= 0xc3) {
    t->type = TRP_WIRE_BOOL;
    t->as.boolean = first == 0xc3;
    return p;
  }
  if (first <= 0xc6) return body(t, TRP_WIRE_BIN, p, end, v);
  if (first <= 0xc9) return ext_body(t, p, end, v);
  if (first <= 0xcb) {
    t->type = TRP_WIRE_FLOAT;
    t->as.number = to_double(v, n);
    return p;
  }
  if (first <= 0xcf) {
    if (v <= INT64_MAX) {
      set_int(t, (int64_t)v);
    } else {
      t->type = TRP_WIRE_UINT;
      t->as.uinteger = v;
    }
    return p;
  }
  if (first <= 0xd3) {
    set_int(t, extend(v, n));
    return p;
  }
  if (first <= 0xd8) return ext_body(t, p, end, UINT64_C(1) << (first - 0xd4));
  if (first <= 0xdb) return body(t, TRP_WIRE_STR, p, end, v);
  if (first <= 0xdd) return container(t, TRP_WIRE_ARRAY, p, end, v, 1);
  return container(t, TRP_WIRE_MAP, p, end, v, 2);
}

int trp_wire_next(trp_wire_reader *r, trp_wire_token *t) {
  *t = (trp_wire_token){.type = TRP_WIRE_NIL};
  if (r->p == r->end) return TROUPE_E_FORMAT;
  const uint8_t *p = r->p, *end = r->end;
  uint8_t first = *p++;
  if (first <= 0x7f || first >= 0xe0) {
    set_int(t, (int8_t)first);
  } else if (first <= 0x8f) {
    p = container(t, TRP_WIRE_MAP, p, end, first & 0x0f, 2);
  } else if (first <= 0x9f) {
    p = container(t, TRP_WIRE_ARRAY, p, end, first & 0x0f, 1);
  } else if (first <= 0xbf) {
    p = body(t, TRP_WIRE_STR, p, end, first & 0x1f);
  } else {
    p = long_token(t, first, p, end);
  }
  if (!p) return TROUPE_E_FORMAT;
  r->p = p;
  return TROUPE_OK;
}

static bool is_container(const trp_wire_token *t) {
  return t->type == TRP_WIRE_ARRAY || t->type == TRP_WIRE_MAP;
}

int trp_wire_skip(trp_wire_reader *r, unsigned max_depth) {
  TRP_ASSERT(max_depth <= TRP_WIRE_DEPTH);
  size_t pending[TRP_WIRE_DEPTH]; /* values still to come, per open container */
  unsigned depth = 0;
  trp_wire_reader at = *r;
  for (;;) {
    trp_wire_token t;
    int err = trp_wire_next(&at, &t);
    if (err) return err;
    if (is_container(&t)) {
      if (depth == max_depth) return TROUPE_E_TOO_BIG;
      pending[depth++] = t.type == TRP_WIRE_MAP ? t.len * 2 : t.len;
    }
    while (depth > 0 && pending[depth - 1] == 0)
      depth--;
    if (depth == 0) break;
    pending[depth - 1]--;
  }
  *r = at;
  return TROUPE_OK;
}

int trp_wire_valid(const void *data, size_t len, unsigned max_depth) {
  trp_wire_reader r;
  trp_wire_reader_init(&r, data, len);
  int err = trp_wire_skip(&r, max_depth);
  if (err) return err;
  return trp_wire_at_end(&r) ? TROUPE_OK : TROUPE_E_FORMAT;
}

/* ---- looking up ---------------------------------------------------------------------------- */

static bool is_key(const trp_wire_reader *at, const char *key) {
  trp_wire_reader r = *at;
  trp_wire_token t;
  if (trp_wire_next(&r, &t) || t.type != TRP_WIRE_STR) return false;
  return t.len == strlen(key) && (t.len == 0 || memcmp(t.data, key, t.len) == 0);
}

int trp_wire_find(const void *data, size_t len, const char *key, trp_wire_slice *out) {
  *out = (trp_wire_slice){NULL, 0};
  trp_wire_slice found = {NULL, 0};
  trp_wire_reader r;
  trp_wire_token map;
  trp_wire_reader_init(&r, data, len);
  int err = trp_wire_next(&r, &map);
  if (err) return err;
  if (map.type != TRP_WIRE_MAP) return TROUPE_E_INVALID;
  for (size_t i = 0; i < map.len; i++) {
    bool wanted = is_key(&r, key);
    err = trp_wire_skip(&r, TRP_WIRE_DEPTH - 1);
    if (err) return err;
    const uint8_t *value = r.p;
    err = trp_wire_skip(&r, TRP_WIRE_DEPTH - 1);
    if (err) return err;
    if (wanted) found = (trp_wire_slice){value, (size_t)(r.p - value)};
  }
  if (!trp_wire_at_end(&r)) return TROUPE_E_FORMAT;
  *out = found;
  return found.data ? TROUPE_OK : TROUPE_E_NOT_FOUND;
}

/* The token of a field that is there and not nil. */
static int find_token(const void *data, size_t len, const char *key, trp_wire_token *t) {
  trp_wire_slice s;
  int err = trp_wire_find(data, len, key, &s);
  if (err) return err;
  trp_wire_reader r;
  trp_wire_reader_init(&r, s.data, s.len);
  err = trp_wire_next(&r, t);
  if (err) return err;
  return t->type == TRP_WIRE_NIL ? TROUPE_E_NOT_FOUND : TROUPE_OK;
}

int trp_wire_get_str(const void *data, size_t len, const char *key, const char **s, size_t *n) {
  trp_wire_token t;
  int err = find_token(data, len, key, &t);
  if (err) return err;
  if (t.type != TRP_WIRE_STR && t.type != TRP_WIRE_BIN) return TROUPE_E_INVALID;
  *s = (const char *)t.data;
  *n = t.len;
  return TROUPE_OK;
}

int trp_wire_get_int(const void *data, size_t len, const char *key, int64_t *out) {
  trp_wire_token t;
  int err = find_token(data, len, key, &t);
  if (err) return err;
  if (t.type == TRP_WIRE_INT) {
    *out = t.as.integer;
    return TROUPE_OK;
  }
  /* Both bounds are exact as doubles, and NaN fails both comparisons. */
  double d = t.type == TRP_WIRE_FLOAT ? t.as.number : 0.5;
  if (!(d >= -0x1p63 && d < 0x1p63) || (double)(int64_t)d != d) return TROUPE_E_INVALID;
  *out = (int64_t)d;
  return TROUPE_OK;
}

int trp_wire_get_double(const void *data, size_t len, const char *key, double *out) {
  trp_wire_token t;
  int err = find_token(data, len, key, &t);
  if (err) return err;
  if (t.type == TRP_WIRE_FLOAT) {
    *out = t.as.number;
  } else if (t.type == TRP_WIRE_INT) {
    *out = (double)t.as.integer;
  } else if (t.type == TRP_WIRE_UINT) {
    *out = (double)t.as.uinteger;
  } else {
    return TROUPE_E_INVALID;
  }
  return TROUPE_OK;
}

int trp_wire_get_bool(const void *data, size_t len, const char *key, bool *out) {
  trp_wire_token t;
  int err = find_token(data, len, key, &t);
  if (err) return err;
  if (t.type != TRP_WIRE_BOOL) return TROUPE_E_INVALID;
  *out = t.as.boolean;
  return TROUPE_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

void trp_wire_put_raw(trp_wire_writer *w, const void *p, size_t n) {
  if (!w->err) w->err = trp_buf_append(w->buf, p, n);
}

/* A first byte and the lowest n bytes of v, big-endian. */
static void put_head(trp_wire_writer *w, unsigned first, uint64_t v, size_t n) {
  uint8_t head[9];
  head[0] = (uint8_t)first;
  for (size_t i = 0; i < n; i++)
    head[1 + i] = (uint8_t)(v >> 8 * (n - 1 - i));
  trp_wire_put_raw(w, head, 1 + n);
}

/* A length: in one byte when it is below `fix`, else behind the first byte for 1, 2 or 4 bytes, of
 * which 0 says that there is none. */
static void put_len(trp_wire_writer *w, size_t n, size_t fix, unsigned fix_first,
                    const uint8_t first[3]) {
  if (n < fix) {
    put_head(w, fix_first | (unsigned)n, 0, 0);
  } else if (n <= UINT8_MAX && first[0]) {
    put_head(w, first[0], n, 1);
  } else if (n <= UINT16_MAX) {
    put_head(w, first[1], n, 2);
  } else if (n <= UINT32_MAX) {
    put_head(w, first[2], n, 4);
  } else if (!w->err) {
    w->err = TROUPE_E_TOO_BIG;
  }
}

void trp_wire_put_nil(trp_wire_writer *w) { put_head(w, 0xc0, 0, 0); }

void trp_wire_put_bool(trp_wire_writer *w, bool b) { put_head(w, b ? 0xc3 : 0xc2, 0, 0); }

void trp_wire_put_uint(trp_wire_writer *w, uint64_t u) {
  if (u <= 0x7f) {
    put_head(w, (unsigned)u, 0, 0);
  } else if (u <= UINT8_MAX) {
    put_head(w, 0xcc, u, 1);
  } else if (u <= UINT16_MAX) {
    put_head(w, 0xcd, u, 2);
  } else if (u <= UINT32_MAX) {
    put_head(w, 0xce, u, 4);
  } else {
    put_head(w, 0xcf, u, 8);
  }
}

void trp_wire_put_int(trp_wire_writer *w, int64_t i) {
  uint64_t u = (uint64_t)i;
  if (i >= 0) {
    trp_wire_put_uint(w, u);
  } else if (i >= -32) {
    put_head(w, (uint8_t)i, 0, 0);
  } else if (i >= INT8_MIN) {
    put_head(w, 0xd0, u, 1);
  } else if (i >= INT16_MIN) {
    put_head(w, 0xd1, u, 2);
  } else if (i >= INT32_MIN) {
    put_head(w, 0xd2, u, 4);
  } else {
    put_head(w, 0xd3, u, 8);
  }
}

void trp_wire_put_double(trp_wire_writer *w, double d) {
  uint64_t bits;
  memcpy(&bits, &d, sizeof bits);
  put_head(w, 0xcb, bits, 8);
}

void trp_wire_put_str(trp_wire_writer *w, const void *s, size_t n) {
  static const uint8_t first[3] = {0xd9, 0xda, 0xdb};
  put_len(w, n, 32, 0xa0, first);
  trp_wire_put_raw(w, s, n);
}

void trp_wire_put_cstr(trp_wire_writer *w, const char *s) { trp_wire_put_str(w, s, strlen(s)); }

void trp_wire_put_bin(trp_wire_writer *w, const void *p, size_t n) {
  static const uint8_t first[3] = {0xc4, 0xc5, 0xc6};
  put_len(w, n, 0, 0, first);
  trp_wire_put_raw(w, p, n);
}

void trp_wire_put_ext(trp_wire_writer *w, int8_t type, const void *p, size_t n) {
  static const uint8_t first[3] = {0xc7, 0xc8, 0xc9};
  switch (n) {
  case 1:
    put_head(w, 0xd4, 0, 0);
    break;
  case 2:
    put_head(w, 0xd5, 0, 0);
    break;
  case 4:
    put_head(w, 0xd6, 0, 0);
    break;
  case 8:
    put_head(w, 0xd7, 0, 0);
    break;
  case 16:
    put_head(w, 0xd8, 0, 0);
    break;
  default:
    put_len(w, n, 0, 0, first);
  }
  put_head(w, (uint8_t)type, 0, 0);
  trp_wire_put_raw(w, p, n);
}

void trp_wire_put_array(trp_wire_writer *w, size_t n) {
  static const uint8_t first[3] = {0, 0xdc, 0xdd};
  put_len(w, n, 16, 0x90, first);
}

void trp_wire_put_map(trp_wire_writer *w, size_t n) {
  static const uint8_t first[3] = {0, 0xde, 0xdf};
  put_len(w, n, 16, 0x80, first);
}
