#include "tools/builtin/args.h"

#include <errno.h>
#include <stdio.h>

#include <troupe/error.h>

#include "actors/actor.h"

void trp_fields_init(trp_fields *f, troupe_call *call) {
  *f = (trp_fields){.call = call};
  f->data = troupe_call_args(call, &f->len);
  trp_wire_slice none;
  int err = trp_wire_find(f->data, f->len, "", &none);
  if (err == TROUPE_OK || err == TROUPE_E_NOT_FOUND) return;
  f->bad = true;
  troupe_call_fail(call, TROUPE_OUTCOME_REJECTED, "invalid",
                   "the arguments must be one table with string keys");
}

void trp_fields_refuse(trp_fields *f, const char *key, const char *why) {
  char text[200];
  if (f->bad) return;
  f->bad = true;
  snprintf(text, sizeof text, "field \"%s\" %s", key, why);
  troupe_call_fail(f->call, TROUPE_OUTCOME_REJECTED, "invalid", text);
}

trp_text trp_field_text(trp_fields *f, const char *key) {
  trp_text t = {0};
  if (f->bad) return t;
  int err = trp_wire_get_str(f->data, f->len, key, &t.s, &t.len);
  if (err && err != TROUPE_E_NOT_FOUND) trp_fields_refuse(f, key, "must be a string");
  return t;
}

trp_text trp_field_required_text(trp_fields *f, const char *key) {
  trp_text t = trp_field_text(f, key);
  if (t.len == 0) trp_fields_refuse(f, key, "must be a string of at least one byte");
  return t;
}

bool trp_field_bool(trp_fields *f, const char *key) {
  bool b = false;
  if (f->bad) return b;
  int err = trp_wire_get_bool(f->data, f->len, key, &b);
  if (err && err != TROUPE_E_NOT_FOUND) trp_fields_refuse(f, key, "must be true or false");
  return b;
}

int64_t trp_field_int(trp_fields *f, const char *key, int64_t min, int64_t max, int64_t def) {
  int64_t i = def;
  char why[100];
  if (f->bad) return def;
  int err = trp_wire_get_int(f->data, f->len, key, &i);
  if (err == TROUPE_E_NOT_FOUND) return def;
  if (!err && i >= min && i <= max) return i;
  snprintf(why, sizeof why, "must be an integer from %lld to %lld", (long long)min, (long long)max);
  trp_fields_refuse(f, key, why);
  return def;
}

bool trp_field_value(trp_fields *f, const char *key, trp_wire_slice *out) {
  trp_wire_reader r;
  trp_wire_token t;
  *out = (trp_wire_slice){0};
  if (f->bad || trp_wire_find(f->data, f->len, key, out) != TROUPE_OK) return false;
  trp_wire_reader_init(&r, out->data, out->len);
  return trp_wire_next(&r, &t) == TROUPE_OK && t.type != TRP_WIRE_NIL;
}

const troupe_allocator *trp_call_allocator(const troupe_call *call) {
  return trp_system_allocator(troupe_call_system(call));
}

void trp_fail_memory(troupe_call *call) { troupe_call_fail_errno(call, -ENOMEM, NULL); }

void trp_fail_path(troupe_call *call, int err, trp_text path) {
  char text[200];
  int shown = path.len > 120 ? 120 : (int)path.len;
  snprintf(text, sizeof text, "%.*s%s", shown, path.s, path.len > 120 ? "…" : "");
  troupe_call_fail_errno(call, err, text);
}

void trp_answer_init(trp_answer *a, troupe_call *call) {
  a->call = call;
  trp_buf_init(&a->buf, trp_call_allocator(call), troupe_call_max_result(call));
  trp_wire_writer_init(&a->w, &a->buf);
}

void trp_answer_drop(trp_answer *a) { trp_buf_fini(&a->buf); }

void trp_answer_send(trp_answer *a) {
  if (a->w.err == TROUPE_OK) {
    troupe_call_finish(a->call, a->buf.data, a->buf.len);
  } else if (a->w.err == TROUPE_E_TOO_BIG) {
    troupe_call_fail(a->call, TROUPE_OUTCOME_PERMANENT, "too_big",
                     "the result is larger than the tool's limit");
  } else {
    trp_fail_memory(a->call);
  }
  trp_answer_drop(a);
}

void trp_answer_text(troupe_call *call, const void *s, size_t len) {
  trp_answer a;
  trp_answer_init(&a, call);
  trp_wire_put_str(&a.w, s, len);
  trp_answer_send(&a);
}

void trp_answer_int(troupe_call *call, int64_t i) {
  trp_answer a;
  trp_answer_init(&a, call);
  trp_wire_put_int(&a.w, i);
  trp_answer_send(&a);
}
