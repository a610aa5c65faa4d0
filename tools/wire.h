/* Bounded reading and writing of msgpack, shared by the tools in C and the codec of scripts.
 *
 * The reader is a cursor over bytes that nobody has checked. Each length and count is compared with
 * the bytes left before anything else happens, so five hostile bytes cost five bytes of work; it
 * allocates nothing and never reads past the end. The writer appends to a bounded buffer and keeps
 * its first error, so a series of puts needs one check at its end.
 *
 * Nesting: an array or a map inside another is one level deeper; a value alone has level 0, an
 * array of numbers level 1. Nothing of ours goes deeper than TRP_WIRE_DEPTH.
 *
 * Thread: whoever owns the reader or writer. */
#ifndef TRP_TOOLS_WIRE_H
#define TRP_TOOLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/base/buf.h"

enum { TRP_WIRE_DEPTH = 32 };

/* ---- reading ------------------------------------------------------------------------------- */

typedef enum trp_wire_type {
  TRP_WIRE_NIL,
  TRP_WIRE_BOOL,
  TRP_WIRE_INT,  /* anything that fits int64_t, however it was encoded */
  TRP_WIRE_UINT, /* 2^63 and above */
  TRP_WIRE_FLOAT,
  TRP_WIRE_STR,
  TRP_WIRE_BIN,
  TRP_WIRE_ARRAY, /* its elements follow */
  TRP_WIRE_MAP,   /* its keys and values follow, alternating */
  TRP_WIRE_EXT
} trp_wire_type;

typedef struct trp_wire_token {
  trp_wire_type type;
  int8_t ext;          /* EXT: the application's type */
  size_t len;          /* STR, BIN, EXT: bytes; ARRAY: elements; MAP: pairs */
  const uint8_t *data; /* STR, BIN, EXT: borrowed from what is read */
  union {
    bool boolean;
    int64_t integer;
    uint64_t uinteger;
    double number;
  } as;
} trp_wire_token;

typedef struct trp_wire_reader {
  const uint8_t *p, *end;
} trp_wire_reader;

/* data may be NULL when len is 0; borrowed. */
static inline void trp_wire_reader_init(trp_wire_reader *r, const void *data, size_t len) {
  static const uint8_t nothing[1];
  r->p = data ? data : nothing;
  r->end = r->p + len;
}

static inline bool trp_wire_at_end(const trp_wire_reader *r) { return r->p == r->end; }

/* Reads one token. The elements of an array or a map, of which there are at most as many as bytes
 * left, are tokens of their own.
 * Returns TROUPE_OK, or TROUPE_E_FORMAT (also at the end); the cursor then has not moved. */
int trp_wire_next(trp_wire_reader *r, trp_wire_token *t);

/* Moves over one whole value.
 *   max_depth   0 to TRP_WIRE_DEPTH
 * Returns TROUPE_OK, TROUPE_E_FORMAT, or TROUPE_E_TOO_BIG (nested deeper); the cursor then has not
 * moved. */
int trp_wire_skip(trp_wire_reader *r, unsigned max_depth);

/* Checks that the bytes are exactly one value. Returns as trp_wire_skip. */
int trp_wire_valid(const void *data, size_t len, unsigned max_depth);

/* ---- looking up the fields of a map, for a tool's arguments -------------------------------- */

typedef struct trp_wire_slice {
  const uint8_t *data;
  size_t len;
} trp_wire_slice;

/* Finds the value under a string key of the map that data holds; among equal keys the last counts.
 * *out is one encoded value, borrowed; on an error it is empty.
 * Returns TROUPE_OK, TROUPE_E_NOT_FOUND, TROUPE_E_INVALID (no map), or as trp_wire_valid. */
int trp_wire_find(const void *data, size_t len, const char *key, trp_wire_slice *out);

/* The same for one type. The result is unchanged on an error, so that it can hold the default.
 * A nil counts as not found; a value of another type is TROUPE_E_INVALID.
 *   str      also bin; borrowed, not NUL-terminated
 *   int      also a float with an integral value
 *   double   also an integer */
int trp_wire_get_str(const void *data, size_t len, const char *key, const char **s, size_t *n);
int trp_wire_get_int(const void *data, size_t len, const char *key, int64_t *out);
int trp_wire_get_double(const void *data, size_t len, const char *key, double *out);
int trp_wire_get_bool(const void *data, size_t len, const char *key, bool *out);

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct trp_wire_writer {
  trp_buf *buf; /* borrowed; its limit is the limit of what is written */
  int err; /* the first error: TROUPE_E_TOO_BIG, UV_ENOMEM (-ENOMEM); nothing is written after it */
} trp_wire_writer;

static inline void trp_wire_writer_init(trp_wire_writer *w, trp_buf *buf) {
  w->buf = buf;
  w->err = 0;
}

/* Each uses the shortest encoding. Strings may hold any bytes. */
void trp_wire_put_nil(trp_wire_writer *w);
void trp_wire_put_bool(trp_wire_writer *w, bool b);
void trp_wire_put_int(trp_wire_writer *w, int64_t i);
void trp_wire_put_uint(trp_wire_writer *w, uint64_t u);
void trp_wire_put_double(trp_wire_writer *w, double d);
void trp_wire_put_str(trp_wire_writer *w, const void *s, size_t n);
void trp_wire_put_cstr(trp_wire_writer *w, const char *s);
void trp_wire_put_bin(trp_wire_writer *w, const void *p, size_t n);
void trp_wire_put_ext(trp_wire_writer *w, int8_t type, const void *p, size_t n);
/* n elements, or n keys and n values, are to be put next. */
void trp_wire_put_array(trp_wire_writer *w, size_t n);
void trp_wire_put_map(trp_wire_writer *w, size_t n);
/* Bytes that are one encoded value already. */
void trp_wire_put_raw(trp_wire_writer *w, const void *p, size_t n);

#endif
