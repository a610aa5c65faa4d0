#include "scripting/app_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <troupe/error.h>

#define SHOWN_KEY 64 /* bytes of a key in a path */

/* ---- the path and errors ------------------------------------------------------------------- */

size_t trp_app_enter(trp_app_reader *r, const char *key, size_t index) {
  size_t back = r->path_len, room = sizeof r->path - back;
  int n = key ? snprintf(r->path + back, room, ".%.*s", SHOWN_KEY, key)
              : snprintf(r->path + back, room, "[%zu]", index + 1);
  if (n > 0) r->path_len += (size_t)n < room ? (size_t)n : room - 1;
  return back;
}

int trp_app_refuse(trp_app_reader *r, const char *fmt, ...) {
  if (!r->msg || !r->msg_len) return TROUPE_E_INVALID;
  int n = snprintf(r->msg, r->msg_len, "%s: ", r->path);
  if (n >= 0 && (size_t)n < r->msg_len) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->msg + n, r->msg_len - (size_t)n, fmt, args);
    va_end(args);
  }
  return TROUPE_E_INVALID;
}

int trp_app_refuse_key(trp_app_reader *r, const char *key, const char *sentence) {
  size_t back = trp_app_enter(r, key, 0);
  int err = trp_app_refuse(r, "%s", sentence);
  trp_app_leave(r, back);
  return err;
}

static int no_memory(trp_app_reader *r) {
  if (r->msg && r->msg_len) snprintf(r->msg, r->msg_len, "out of memory");
  return TROUPE_E_NO_MEMORY;
}

static trp_wire_token token_of(trp_wire_slice value, trp_wire_reader *rest) {
  trp_wire_token t = {.type = TRP_WIRE_NIL};
  trp_wire_reader_init(rest, value.data, value.len);
  trp_wire_next(rest, &t); /* the data has been checked: it cannot fail */
  return t;
}

/* The next value of an array or a map, as a slice. */
static trp_wire_slice take(trp_wire_reader *r) {
  trp_wire_slice s = {.data = r->p, .len = 0};
  trp_wire_skip(r, TRP_WIRE_DEPTH);
  s.len = (size_t)(r->p - s.data);
  return s;
}

/* ---- single values ------------------------------------------------------------------------- */

int trp_app_read_text(trp_app_reader *r, trp_wire_slice value, size_t min, size_t max,
                      const char **out) {
  trp_wire_reader rest;
  trp_wire_token t = token_of(value, &rest);
  if (t.type != TRP_WIRE_STR && t.type != TRP_WIRE_BIN)
    return trp_app_refuse(r, "must be a string");
  if (t.len < min && t.len == 0) return trp_app_refuse(r, "must not be empty");
  if (t.len < min || t.len > max) return trp_app_refuse(r, "must have %zu to %zu bytes", min, max);
  if (t.len && memchr(t.data, 0, t.len)) return trp_app_refuse(r, "must not contain NUL bytes");
  char *copy = trp_app_strndup(r->app, (const char *)t.data, t.len);
  if (!copy) return no_memory(r);
  *out = copy;
  return TROUPE_OK;
}

/* Writes `"a", "b" or "c"`. */
static void list_words(const trp_word *words, char *out, size_t size) {
  size_t len = 0;
  out[0] = 0;
  for (size_t i = 0; words[i].text && len < size; i++) {
    const char *joint = i == 0 ? "" : words[i + 1].text ? ", " : " or ";
    int n = snprintf(out + len, size - len, "%s\"%s\"", joint, words[i].text);
    len += n > 0 ? (size_t)n : 0;
  }
}

static bool find_word(const trp_word *words, const trp_wire_token *t, uint32_t *out) {
  if (!words || t->type != TRP_WIRE_STR) return false;
  for (size_t i = 0; words[i].text; i++) {
    if (strlen(words[i].text) != t->len || memcmp(words[i].text, t->data, t->len) != 0) continue;
    *out = words[i].value;
    return true;
  }
  return false;
}

static int refuse_number(trp_app_reader *r, const trp_field *f) {
  char words[160] = "";
  if (f->words) list_words(f->words, words, sizeof words);
  return trp_app_refuse(r, "must be %s between %llu and %llu%s%s",
                        f->type == TRP_FIELD_NUMBER ? "a number" : "an integer",
                        (unsigned long long)f->min, (unsigned long long)f->max,
                        f->words ? ", or " : "", words);
}

static int read_integer(trp_app_reader *r, const trp_field *f, const trp_wire_token *t,
                        void *into) {
  uint32_t small = 0;
  uint64_t value = 0;
  if (find_word(f->words, t, &small)) {
    memcpy(into, &small, sizeof small); /* words are only for U32 */
    return TROUPE_OK;
  }
  if (t->type == TRP_WIRE_INT && t->as.integer >= 0) {
    value = (uint64_t)t->as.integer;
  } else if (t->type == TRP_WIRE_FLOAT && t->as.number >= 0 && t->as.number < 1e15 &&
             (double)(uint64_t)t->as.number == t->as.number) {
    value = (uint64_t)t->as.number;
  } else {
    return refuse_number(r, f);
  }
  if (value < f->min || value > f->max) return refuse_number(r, f);
  if (f->type == TRP_FIELD_U64) {
    memcpy(into, &value, sizeof value);
  } else {
    small = value == 0 ? f->zero : (uint32_t)value;
    memcpy(into, &small, sizeof small);
  }
  return TROUPE_OK;
}

static int read_number(trp_app_reader *r, const trp_field *f, const trp_wire_token *t, void *into) {
  double value = t->type == TRP_WIRE_INT ? (double)t->as.integer : t->as.number;
  bool is_number = t->type == TRP_WIRE_INT || t->type == TRP_WIRE_FLOAT;
  if (!is_number || !(value >= (double)f->min && value <= (double)f->max))
    return refuse_number(r, f);
  memcpy(into, &value, sizeof value);
  return TROUPE_OK;
}

static int read_word(trp_app_reader *r, const trp_field *f, const trp_wire_token *t, void *into) {
  uint32_t value;
  char words[160];
  if (find_word(f->words, t, &value)) {
    memcpy(into, &value, sizeof value);
    return TROUPE_OK;
  }
  list_words(f->words, words, sizeof words);
  return trp_app_refuse(r, "must be %s", words);
}

static int read_bool(trp_app_reader *r, const trp_wire_token *t, void *into) {
  if (t->type != TRP_WIRE_BOOL) return trp_app_refuse(r, "must be true or false");
  memcpy(into, &t->as.boolean, sizeof t->as.boolean);
  return TROUPE_OK;
}

static int read_field(trp_app_reader *r, const trp_field *f, trp_wire_slice value, void *into) {
  trp_wire_reader rest;
  trp_wire_token t = token_of(value, &rest);
  switch (f->type) {
  case TRP_FIELD_TEXT:
    return trp_app_read_text(r, value, f->min, f->max, into);
  case TRP_FIELD_BOOL:
    return read_bool(r, &t, into);
  case TRP_FIELD_U32:
  case TRP_FIELD_U64:
    return read_integer(r, f, &t, into);
  case TRP_FIELD_NUMBER:
    return read_number(r, f, &t, into);
  case TRP_FIELD_WORD:
    return read_word(r, f, &t, into);
  case TRP_FIELD_VALUE:
    memcpy(into, &value, sizeof value);
    return TROUPE_OK;
  case TRP_FIELD_READ:
    return f->read(r, value, into);
  }
  return TROUPE_E_INVALID;
}

/* ---- tables and lists ---------------------------------------------------------------------- */

/* Copies a key, cut to what a path shows. False: it is no string, or holds a NUL. */
static bool take_key(trp_wire_reader *rest, char *key, size_t size) {
  trp_wire_slice name = take(rest);
  trp_wire_reader inner;
  trp_wire_token t = token_of(name, &inner);
  if (t.type != TRP_WIRE_STR || (t.len && memchr(t.data, 0, t.len))) return false;
  snprintf(key, size, "%.*s", (int)(t.len < size ? t.len : size), (const char *)t.data);
  return true;
}

static int unknown_key(trp_app_reader *r, const char *key, const trp_field *fields) {
  char known[512] = "";
  size_t len = 0;
  for (size_t i = 0; fields[i].key && len < sizeof known; i++) {
    int n = snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", fields[i].key);
    len += n > 0 ? (size_t)n : 0;
  }
  size_t back = trp_app_enter(r, key, 0);
  int err = trp_app_refuse(r, "unknown key; known are %s, and names that begin with x_", known);
  trp_app_leave(r, back);
  return err;
}

int trp_app_read_table(trp_app_reader *r, trp_wire_slice value, const trp_field *fields,
                       void *into) {
  trp_wire_reader rest;
  trp_wire_token t = token_of(value, &rest);
  if (t.type != TRP_WIRE_MAP) return trp_app_refuse(r, "must be a table with named fields");
  for (size_t i = 0; i < t.len; i++) {
    char key[SHOWN_KEY + 2];
    if (!take_key(&rest, key, sizeof key))
      return trp_app_refuse(r, "must be a table with named fields");
    trp_wire_slice field = take(&rest);
    if (strncmp(key, "x_", 2) == 0) continue;
    const trp_field *f = fields;
    while (f->key && strcmp(f->key, key) != 0)
      f++;
    if (!f->key) return unknown_key(r, key, fields);
    size_t back = trp_app_enter(r, key, 0);
    int err = read_field(r, f, field, (char *)into + f->offset);
    if (err) return err;
    trp_app_leave(r, back);
  }
  return TROUPE_OK;
}

int trp_app_read_entries(trp_app_reader *r, trp_wire_slice value, size_t max,
                         int (*each)(trp_app_reader *r, const char *key, trp_wire_slice value,
                                     void *into),
                         void *into) {
  trp_wire_reader rest;
  trp_wire_token t = token_of(value, &rest);
  if (t.type != TRP_WIRE_MAP) return trp_app_refuse(r, "must be a table with named fields");
  if (t.len > max) return trp_app_refuse(r, "has more than %zu entries", max);
  for (size_t i = 0; i < t.len; i++) {
    char key[SHOWN_KEY + 2];
    if (!take_key(&rest, key, sizeof key))
      return trp_app_refuse(r, "must be a table with named fields");
    trp_wire_slice entry = take(&rest);
    if (strncmp(key, "x_", 2) == 0) continue;
    size_t back = trp_app_enter(r, key, 0);
    int err = each(r, key, entry, into);
    if (err) return err;
    trp_app_leave(r, back);
  }
  return TROUPE_OK;
}

int trp_app_list_len(trp_app_reader *r, trp_wire_slice value, size_t max, size_t *len) {
  trp_wire_reader rest;
  trp_wire_token t = token_of(value, &rest);
  bool empty = t.type == TRP_WIRE_MAP && t.len == 0; /* in Lua it could be either */
  if (t.type != TRP_WIRE_ARRAY && !empty) return trp_app_refuse(r, "must be a list");
  if (t.len > max) return trp_app_refuse(r, "has more than %zu entries", max);
  *len = t.len;
  return TROUPE_OK;
}

int trp_app_read_list(trp_app_reader *r, trp_wire_slice value, size_t max,
                      int (*each)(trp_app_reader *r, trp_wire_slice element, size_t index,
                                  void *into),
                      void *into) {
  size_t len = 0;
  int err = trp_app_list_len(r, value, max, &len);
  if (err) return err;
  trp_wire_reader rest;
  token_of(value, &rest);
  for (size_t i = 0; i < len; i++) {
    size_t back = trp_app_enter(r, NULL, i);
    err = each(r, take(&rest), i, into);
    if (err) return err;
    trp_app_leave(r, back);
  }
  return TROUPE_OK;
}
