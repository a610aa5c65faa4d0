#include "tests/hostile/attack.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small limits, so that attacks end soon. */
enum { MEMORY_BYTES = 8 << 20, CPU_MS = 40, SHUTDOWN_MS = 200 };

static const char *const classes[] = {"cpu",   "cfn",       "gc",         "memory",
                                      "stack", "escape",    "permission", "flood",
                                      "error", "coroutine", "codec",      "misuse"};

/* ---- the header ---------------------------------------------------------------------------- */

static bool add_class(attack *a, const char *word) {
  if (strcmp(word, "survives") == 0) return a->survives = true;
#define X(name, lua)                                                                               \
  if (strcmp(word, (lua)) == 0) {                                                                  \
    a->allowed |= 1u << TROUPE_EXIT_##name;                                                        \
    return true;                                                                                   \
  }
  TROUPE_EXIT_MAP(X)
#undef X
  return false;
}

static bool set_limit(attack *a, const char *word) {
  const char *equals = strchr(word, '=');
  if (!equals) return false;
  size_t len = (size_t)(equals - word);
  uint64_t value = strtoull(equals + 1, NULL, 10);
#define FIELD(field, type)                                                                         \
  if (len == strlen(#field) && memcmp(word, #field, len) == 0) {                                   \
    a->field = (type)value;                                                                        \
    return true;                                                                                   \
  }
#define LIMIT(field)                                                                               \
  if (len == strlen(#field) && memcmp(word, #field, len) == 0) {                                   \
    a->limits.field = value;                                                                       \
    return true;                                                                                   \
  }
  LIMIT(memory_bytes)
  LIMIT(message_bytes)
  LIMIT(cpu_ms_per_message)
  LIMIT(log_bytes_per_s)
  FIELD(shutdown_ms, uint32_t)
  FIELD(init_timeout_ms, uint32_t)
  FIELD(mailbox_messages, uint32_t)
#undef LIMIT
#undef FIELD
  return false;
}

static bool add_grant(attack *a, const char *word) {
  if (strncmp(word, "spawn=", 6) == 0) {
    a->spawn = (uint32_t)strtoul(word + 6, NULL, 10);
  } else if (strncmp(word, "names=", 6) == 0) {
    snprintf(a->names, sizeof a->names, "%s", word + 6);
  } else if (strncmp(word, "tools=", 6) == 0) {
    snprintf(a->tools, sizeof a->tools, "%s", word + 6);
  } else if (strcmp(word, "fs=r") == 0 || strcmp(word, "fs=rw") == 0) {
    a->fs_read = true;
    a->fs_write = word[4] == 'w';
  } else {
    return false;
  }
  return true;
}

/* Calls `add` with each word of the text, which it takes apart. */
static bool each_word(attack *a, char *text, bool (*add)(attack *, const char *)) {
  char *rest = NULL;
  bool ok = true;
  for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
    if (add(a, w)) continue;
    fprintf(stderr, "%s: '%s' is not known\n", a->name, w);
    ok = false;
  }
  return ok;
}

/* One line of the header, without its "-- ". */
static bool read_line(attack *a, char *line) {
  char *value = strstr(line, ": ");
  if (value) {
    *value = 0;
    value += 2;
    if (strcmp(line, "allowed") == 0) return each_word(a, value, add_class);
    if (strcmp(line, "limits") == 0) return each_word(a, value, set_limit);
    if (strcmp(line, "grants") == 0) return each_word(a, value, add_grant);
    if (strcmp(line, "attack") == 0) {
      snprintf(a->sentence, sizeof a->sentence, "%s", value);
      return true;
    }
    if (strcmp(line, "expect") == 0) {
      snprintf(a->expect, sizeof a->expect, "%s", value);
      return true;
    }
  }
  fprintf(stderr, "%s: the header has '%s'\n", a->name, line);
  return false;
}

static bool read_header(attack *a) {
  bool ok = true;
  for (const char *at = a->source; strncmp(at, "-- ", 3) == 0;) {
    const char *end = strchr(at, '\n');
    char line[512];
    if (!end) break;
    snprintf(line, sizeof line, "%.*s", (int)(end - at - 3), at + 3);
    if (!read_line(a, line)) ok = false;
    at = end + 1;
  }
  if (a->sentence[0] && (a->allowed || a->survives)) return ok;
  fprintf(stderr, "%s: the header needs `attack` and `allowed`\n", a->name);
  return false;
}

/* ---- files --------------------------------------------------------------------------------- */

static bool read_source(attack *a, const char *folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s.lua", folder, a->name);
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  enum { MOST = 1 << 16 };
  a->source = malloc(MOST);
  a->source_len = a->source ? fread(a->source, 1, MOST - 1, f) : 0;
  if (a->source) a->source[a->source_len] = 0;
  (void)fclose(f);
  return a->source_len > 0;
}

static bool read_attack(attacks *all, const char *folder, const char *class_, const char *file) {
  attack *grown = realloc(all->list, (all->count + 1) * sizeof *grown);
  if (!grown) return false;
  all->list = grown;
  attack *a = &all->list[all->count++];
  *a = (attack){.limits = {.memory_bytes = MEMORY_BYTES, .cpu_ms_per_message = CPU_MS},
                .shutdown_ms = SHUTDOWN_MS,
                .init_timeout_ms = TROUPE_INFINITY};
  snprintf(a->name, sizeof a->name, "%s/%.*s", class_, (int)(strlen(file) - 4), file);
  if (read_source(a, folder)) return read_header(a);
  fprintf(stderr, "%s: cannot be read\n", a->name);
  return false;
}

static int is_lua(const struct dirent *entry) {
  size_t len = strlen(entry->d_name);
  return len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static bool read_class(attacks *all, const char *folder, const char *class_) {
  char path[512];
  struct dirent **files = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, class_);
  int n = scandir(path, &files, is_lua, alphasort);
  bool ok = n > 0;
  if (!ok) fprintf(stderr, "%s: no attacks\n", path);
  for (int i = 0; i < n; i++) {
    if (!read_attack(all, folder, class_, files[i]->d_name)) ok = false;
    free(files[i]);
  }
  free(files);
  return ok;
}

bool attacks_read(attacks *all, const char *folder) {
  bool ok = true;
  *all = (attacks){0};
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    if (!read_class(all, folder, classes[i])) ok = false;
  }
  return ok;
}

void attacks_free(attacks *all) {
  for (size_t i = 0; i < all->count; i++)
    free(all->list[i].source);
  free(all->list);
  *all = (attacks){0};
}
