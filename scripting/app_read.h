/* Reading what troupe.app returned: tables of fields, each with its type and range, so that a wrong
 * or unknown key is refused with its path: "app.children[2].limits.memory_bytes: must be ...".
 *
 * A reader keeps the path of the value at hand and writes the first error into the message. Values
 * are slices of the encoded data; they have been checked as a whole before. Keys that begin with x_
 * are nobody's business but the app's own.
 *
 * Thread: one at a time. */
#ifndef TRP_SCRIPTING_APP_READ_H
#define TRP_SCRIPTING_APP_READ_H

#include <stddef.h>
#include <stdint.h>

#include "scripting/app.h"
#include "tools/wire.h"

typedef struct trp_app_reader {
  struct troupe_app *app; /* what is read; texts are copied into its memory */
  char path[512];         /* of the value at hand */
  size_t path_len;
  char *msg; /* receives the first error; may be NULL, 0 */
  size_t msg_len;
} trp_app_reader;

typedef enum trp_field_type {
  TRP_FIELD_TEXT,   /* const char *: copied, without NUL bytes, min to max bytes long */
  TRP_FIELD_BOOL,   /* bool */
  TRP_FIELD_U32,    /* uint32_t, min to max, or one of the words */
  TRP_FIELD_U64,    /* uint64_t, min to max */
  TRP_FIELD_NUMBER, /* double, min to max */
  TRP_FIELD_WORD,   /* an enum of the width of uint32_t: one of the words */
  TRP_FIELD_VALUE,  /* trp_wire_slice: anything, to be read later; the data outlives the app */
  TRP_FIELD_READ    /* read(r, value, into + offset) */
} trp_field_type;

/* A word that stands for a number. A list of them ends with a NULL. */
typedef struct trp_word {
  const char *text;
  uint32_t value;
} trp_word;

/* One key. A list of them ends with a NULL key. */
typedef struct trp_field {
  const char *key;
  trp_field_type type;
  uint32_t zero; /* U32: what is stored for a 0, where 0 would mean the default */
  size_t offset;
  uint64_t min, max;
  const trp_word *words;
  int (*read)(trp_app_reader *r, trp_wire_slice value, void *into);
} trp_field;

/* Rows of such lists: key, struct, member, then what the type needs. */
#define TRP_ROW(k, t, S, m) .key = (k), .type = TRP_FIELD_##t, .offset = offsetof(S, m)
#define TRP_RANGE(lo, hi) .min = (lo), .max = (hi)
#define TRP_TEXT(k, S, m, lo, hi)                                                                  \
  { TRP_ROW(k, TEXT, S, m), TRP_RANGE(lo, hi) }
#define TRP_BOOL(k, S, m)                                                                          \
  { TRP_ROW(k, BOOL, S, m) }
#define TRP_U32(k, S, m, lo, hi, w)                                                                \
  { TRP_ROW(k, U32, S, m), TRP_RANGE(lo, hi), .words = (w) }
#define TRP_COUNT(k, S, m, lo, hi, z)                                                              \
  { TRP_ROW(k, U32, S, m), TRP_RANGE(lo, hi), .zero = (z) }
#define TRP_U64(k, S, m, lo, hi)                                                                   \
  { TRP_ROW(k, U64, S, m), TRP_RANGE(lo, hi) }
#define TRP_NUMBER(k, S, m, lo, hi)                                                                \
  { TRP_ROW(k, NUMBER, S, m), TRP_RANGE(lo, hi) }
#define TRP_WORD(k, S, m, w)                                                                       \
  { TRP_ROW(k, WORD, S, m), .words = (w) }
#define TRP_VALUE(k, S, m)                                                                         \
  { TRP_ROW(k, VALUE, S, m) }
#define TRP_READ(k, S, m, f)                                                                       \
  { TRP_ROW(k, READ, S, m), .read = (f) }
#define TRP_READ_ALL(k, f)                                                                         \
  { .key = (k), .type = TRP_FIELD_READ, .read = (f) } /* into: the struct */
#define TRP_END                                                                                    \
  { .key = NULL }

/* Reads a table key by key into a struct. What is missing stays as it is.
 * Returns TROUPE_OK, TROUPE_E_INVALID with the message, what a `read` returned, UV_ENOMEM. */
int trp_app_read_table(trp_app_reader *r, trp_wire_slice value, const trp_field *fields,
                       void *into);

/* Calls each(r, element, index, into) for the elements of a list; the path names them from 1.
 * An empty table is an empty list. */
int trp_app_read_list(trp_app_reader *r, trp_wire_slice value, size_t max,
                      int (*each)(trp_app_reader *r, trp_wire_slice element, size_t index,
                                  void *into),
                      void *into);

/* The number of elements of a list; refuses what is none or has more than max. */
int trp_app_list_len(trp_app_reader *r, trp_wire_slice value, size_t max, size_t *len);

/* Calls each(r, key, value, into) for the entries of a table with string keys. */
int trp_app_read_entries(trp_app_reader *r, trp_wire_slice value, size_t max,
                         int (*each)(trp_app_reader *r, const char *key, trp_wire_slice value,
                                     void *into),
                         void *into);

/* One text, copied into the app's memory. */
int trp_app_read_text(trp_app_reader *r, trp_wire_slice value, size_t min, size_t max,
                      const char **out);

/* Steps into a key (or an element, when key is NULL); returns the length to go back to. */
size_t trp_app_enter(trp_app_reader *r, const char *key, size_t index);
static inline void trp_app_leave(trp_app_reader *r, size_t back) {
  r->path_len = back;
  r->path[back] = 0;
}

/* Says "<path>: <sentence>"; returns TROUPE_E_INVALID. */
int trp_app_refuse(trp_app_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a field of the table at hand. */
int trp_app_refuse_key(trp_app_reader *r, const char *key, const char *sentence);

#endif
