/* The default allocator and the calls every layer allocates with. */
#include "actors/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include "actors/base/assert.h"

/* A block of this size or more is a mapping of its own, and gone when it is freed. The C library
 * does so only until the first is freed: then it takes the next from the heap of the calling
 * thread, where the hole stays. The address sanitizer shall see them all. */
#if defined(__SANITIZE_ADDRESS__)
#  define LARGE SIZE_MAX
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define LARGE SIZE_MAX
#  endif
#endif
#ifndef LARGE
#  define LARGE ((size_t)128 * 1024)
#endif

static void *block_new(size_t size) {
  if (size < LARGE) return malloc(size);
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

static void block_free(void *p, size_t size) {
  if (size < LARGE) {
    free(p);
  } else {
    (void)munmap(p, size);
  }
}

static void *default_realloc(void *ctx, void *p, size_t old_size, size_t new_size) {
  (void)ctx;
  if (new_size == 0) {
    block_free(p, old_size);
    return NULL;
  }
  if (old_size < LARGE && new_size < LARGE) return realloc(p, new_size);
  void *q = block_new(new_size);
  if (!q || !p) return q;
  memcpy(q, p, old_size < new_size ? old_size : new_size);
  block_free(p, old_size);
  return q;
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
