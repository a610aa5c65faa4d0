/* The default allocator and the calls every layer allocates with. */
#include "actors/base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "actors/base/assert.h"

static void *default_realloc(void *ctx, void *p, size_t old_size, size_t new_size) {
  (void)ctx;
  (void)old_size;
  if (new_size == 0) {
    free(p);
    return NULL;
  }
  return realloc(p, new_size);
}

const troupe_allocator *trp_mem_default(void) {
  static const troupe_allocator allocator = {.realloc = default_realloc, .ctx = NULL};
  return &allocator;
}

static void *call(const troupe_allocator *al, void *p, size_t old_size, size_t new_size) {
  if (!al) al = trp_mem_default();
  return al->realloc(al->ctx, p, old_size, new_size);
}

void *trp_alloc(const troupe_allocator *al, size_t size) {
  TRP_ASSERT(size > 0);
  return call(al, NULL, 0, size);
}

void *trp_zalloc(const troupe_allocator *al, size_t size) {
  void *p = trp_alloc(al, size);
  if (p) memset(p, 0, size);
  return p;
}

void *trp_realloc(const troupe_allocator *al, void *p, size_t old_size, size_t new_size) {
  TRP_ASSERT(new_size > 0);
  TRP_ASSERT(p || old_size == 0);
  return call(al, p, old_size, new_size);
}

void trp_free(const troupe_allocator *al, void *p, size_t size) {
  if (p) call(al, p, size, 0);
}

char *trp_strndup(const troupe_allocator *al, const char *s, size_t len) {
  char *copy = trp_alloc(al, len + 1);
  if (!copy) return NULL;
  if (len) memcpy(copy, s, len);
  copy[len] = '\0';
  return copy;
}
