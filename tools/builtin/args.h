/* What the ready-made tools share: reading the fields of a call's arguments, and ending the call.
 * Thread: the tool's. */
#ifndef TRP_TOOLS_BUILTIN_ARGS_H
#define TRP_TOOLS_BUILTIN_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/tool.h>

#include "actors/base/buf.h"
#include "tools/wire.h"

/* The fields of a call, read one after the other: the first that is wrong fails the call with the
 * code "invalid" (REJECTED) and a sentence that names it; `bad` is then set, and the rest is
 * skipped. */
typedef struct trp_fields {
  troupe_call *call;
  const void *data;
  size_t len;
  bool bad;
} trp_fields;

typedef struct trp_text {
  const char *s; /* NULL: absent. Borrowed from the arguments, not NUL-terminated */
  size_t len;
} trp_text;

/* Bad when the arguments are not one map. */
void trp_fields_init(trp_fields *f, troupe_call *call);

/* Fails the call: `key` is wrong, `why` continues the sentence ("must be …"). */
void trp_fields_refuse(trp_fields *f, const char *key, const char *why);

trp_text trp_field_text(trp_fields *f, const char *key);          /* optional */
trp_text trp_field_required_text(trp_fields *f, const char *key); /* present and not empty */
bool trp_field_bool(trp_fields *f, const char *key);              /* absent: false */
/* An integer from min to max; absent: def. */
int64_t trp_field_int(trp_fields *f, const char *key, int64_t min, int64_t max, int64_t def);
/* One encoded value; false when absent or nil. */
bool trp_field_value(trp_fields *f, const char *key, trp_wire_slice *out);

/* A buffer for the result, of at most the call's max_result bytes, and its writer. */
typedef struct trp_answer {
  troupe_call *call;
  trp_buf buf;
  trp_wire_writer w;
} trp_answer;

void trp_answer_init(trp_answer *a, troupe_call *call);
/* Ends the call with what was written, or with the writer's error ("too_big", "no_memory"), and
 * frees the buffer. */
void trp_answer_send(trp_answer *a);
/* Frees the buffer only. */
void trp_answer_drop(trp_answer *a);

/* Ends a call with one string, or one integer. */
void trp_answer_text(troupe_call *call, const void *s, size_t len);
void trp_answer_int(troupe_call *call, int64_t i);

/* Fails for memory, TRANSIENT. */
void trp_fail_memory(troupe_call *call);
/* Fails because a path or program is not granted or the like: "text: what the code means". */
void trp_fail_path(troupe_call *call, int err, trp_text path);

const troupe_allocator *trp_call_allocator(const troupe_call *call);

#endif
