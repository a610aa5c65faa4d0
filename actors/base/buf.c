/* A growing byte buffer with a limit. */
#include "actors/base/buf.h"

#include <errno.h>
#include <string.h>

#include <troupe/error.h>

#include "actors/base/assert.h"
#include "actors/base/mem.h"

enum { FIRST_CAP = 64 };

static int grow(trp_buf *b, size_t n) {
  if (n > b->limit - b->len) return TROUPE_E_TOO_BIG; /* len never exceeds limit */
  size_t need = b->len + n;
  if (need <= b->cap) return 0;
  /* Doubling, but not over the limit, and without overflow. */
  size_t cap = b->cap > b->limit / 2 ? b->limit : b->cap * 2;
  if (cap < FIRST_CAP) cap = FIRST_CAP < b->limit ? FIRST_CAP : b->limit;
  if (cap < need) cap = need;
  uint8_t *data = trp_realloc(b->al, b->data, b->cap, cap);
  if (!data) return -ENOMEM;
  b->data = data;
  b->cap = cap;
  return 0;
}

void trp_buf_init(trp_buf *b, const troupe_allocator *al, size_t limit) {
  *b = (trp_buf){.al = al, .limit = limit};
}

void trp_buf_fini(trp_buf *b) {
  trp_free(b->al, b->data, b->cap);
  trp_buf_init(b, b->al, b->limit);
}

int trp_buf_append(trp_buf *b, const void *p, size_t n) {
  if (n == 0) return 0;
  int err = grow(b, n);
  if (err) return err;
  memcpy(b->data + b->len, p, n);
  b->len += n;
  return 0;
}

uint8_t *trp_buf_reserve(trp_buf *b, size_t n) {
  TRP_ASSERT(n > 0);
  return grow(b, n) ? NULL : b->data + b->len;
}

void trp_buf_commit(trp_buf *b, size_t n) {
  TRP_ASSERT(n <= b->cap - b->len);
  b->len += n;
}

void trp_buf_clear(trp_buf *b) { b->len = 0; }

uint8_t *trp_buf_steal(trp_buf *b, size_t *len, size_t *cap) {
  uint8_t *data = b->data;
  *len = b->len;
  *cap = b->cap;
  trp_buf_init(b, b->al, b->limit);
  return data;
}
