/* A growing byte buffer that never grows over its limit. Thread: whoever owns the buffer. */
#ifndef TRP_BASE_BUF_H
#define TRP_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include <troupe/types.h>

/* The limit is on len: data holds len bytes and has room for cap, and cap never exceeds limit
 * either. */
typedef struct trp_buf {
  const troupe_allocator *al;
  uint8_t *data;
  size_t len, cap, limit;
} trp_buf;

/* Allocates nothing. */
void trp_buf_init(trp_buf *b, const troupe_allocator *al, size_t limit);

void trp_buf_fini(trp_buf *b);

/* Copies n bytes to the end; p must not point into the buffer. 0, TROUPE_E_TOO_BIG (over the limit)
 * or -ENOMEM; the buffer is unchanged on error. */
int trp_buf_append(trp_buf *b, const void *p, size_t n);

/* Room for n more bytes, n at least 1: a pointer to the end of the data, where the caller may write
 * n bytes and then count them with trp_buf_commit. NULL over the limit or without memory; the
 * buffer is then unchanged. */
uint8_t *trp_buf_reserve(trp_buf *b, size_t n);

/* Counts n bytes written behind the end; n is at most what was reserved. */
void trp_buf_commit(trp_buf *b, size_t n);

/* Empties the buffer and keeps its memory. */
void trp_buf_clear(trp_buf *b);

/* Gives the memory to the caller, who frees it with trp_free(al, data, cap); the buffer is empty
 * and usable again. NULL with both sizes 0 when nothing was ever allocated. */
uint8_t *trp_buf_steal(trp_buf *b, size_t *len, size_t *cap);

#endif
