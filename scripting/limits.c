#include "scripting/limits.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

typedef struct limit {
  const char *name;
  size_t offset;
  uint64_t standard, most;
  const char *what; /* NULL: the kernel says it */
  troupe_limit counts_as;
} limit;

static const limit table[] = {
#define X(NAME, field, standard, least, most, what)                                                \
  {"limits." #field, offsetof(trp_limits, field), standard, most, what, TROUPE_LIMIT_##NAME},
    TRP_LIMIT_MAP(X)
#undef X
#define X(field, path, standard)                                                                   \
  {path, offsetof(trp_limits, field), standard, UINT64_MAX, NULL, TROUPE_LIMIT_COUNT},
        TRP_BOUND_MAP(X)
#undef X
};
enum { LIMITS = sizeof table / sizeof *table };

static const uint64_t *read(const trp_limits *l, size_t i) {
  return (const uint64_t *)(const void *)((const char *)l + table[i].offset);
}

static uint64_t *field(trp_limits *l, size_t i) {
  return (uint64_t *)(void *)((char *)l + table[i].offset);
}

trp_limits trp_limits_of(const troupe_script *want) {
  return (trp_limits){
#define X(NAME, field, standard, least, most, what) .field = want->limits.field,
      TRP_LIMIT_MAP(X)
#undef X
#define X(field, path, standard) .field = want->field,
          TRP_BOUND_MAP(X)
#undef X
  };
}

void trp_limits_complete(trp_limits *limits, const trp_limits *parent,
                         uint64_t system_max_message_bytes) {
  for (size_t i = 0; i < LIMITS; i++) {
    uint64_t *value = field(limits, i), most = parent ? *read(parent, i) : UINT64_MAX;
    if (*value == 0) *value = table[i].standard;
    if (*value > most) *value = most;
  }
  if (limits->message_bytes > system_max_message_bytes)
    limits->message_bytes = system_max_message_bytes;
}

bool trp_limits_outside(const trp_limits *limits, char *text, size_t text_len) {
  for (size_t i = 0; i < LIMITS; i++) {
    if (*read(limits, i) <= table[i].most) continue;
    snprintf(text, text_len, "%s is at most %" PRIu64, table[i].name, table[i].most);
    return true;
  }
  return false;
}

bool trp_limits_wider(const trp_limits *limits, const trp_limits *parent, char *text,
                      size_t text_len) {
  for (size_t i = 0; i < LIMITS; i++) {
    uint64_t most = *read(parent, i);
    if (*read(limits, i) <= most) continue;
    snprintf(text, text_len, "%s is over the spawning actor's own, which is %" PRIu64,
             table[i].name, most);
    return true;
  }
  return false;
}

void trp_limits_say(const trp_limits *limits, troupe_limit which, char *text, size_t text_len) {
  for (size_t i = 0; i < LIMITS; i++) {
    if (table[i].counts_as != which) continue;
    snprintf(text, text_len, "%s: no more than %" PRIu64 " %s; use less, or raise the limit",
             table[i].name, *read(limits, i), table[i].what);
    return;
  }
  snprintf(text, text_len, "a limit has been reached");
}
