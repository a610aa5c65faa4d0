#include "scripting/limits.h"

#include <stddef.h>

typedef struct limit {
  const char *name;
  size_t offset;
  uint64_t standard;
} limit;

static const limit table[] = {
#define X(field, standard, least, most) {#field, offsetof(troupe_script_limits, field), standard},
    TRP_LIMIT_MAP(X)
#undef X
};
enum { LIMITS = sizeof table / sizeof *table };

static const uint64_t *read(const troupe_script_limits *l, size_t i) {
  return (const uint64_t *)(const void *)((const char *)l + table[i].offset);
}

static uint64_t *field(troupe_script_limits *l, size_t i) {
  return (uint64_t *)(void *)((char *)l + table[i].offset);
}

void trp_limits_complete(troupe_script_limits *limits, const troupe_script_limits *parent,
                         uint64_t system_max_message_bytes) {
  for (size_t i = 0; i < LIMITS; i++) {
    uint64_t *value = field(limits, i), most = parent ? *read(parent, i) : UINT64_MAX;
    if (*value == 0) *value = table[i].standard;
    if (*value > most) *value = most;
  }
  if (limits->message_bytes > system_max_message_bytes)
    limits->message_bytes = system_max_message_bytes;
}

const char *trp_limits_wider(const troupe_script_limits *limits,
                             const troupe_script_limits *parent) {
  for (size_t i = 0; i < LIMITS; i++)
    if (*read(limits, i) > *read(parent, i)) return table[i].name;
  return NULL;
}
