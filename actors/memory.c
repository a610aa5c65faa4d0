#include "actors/memory.h"

#include <stdlib.h>
#include <string.h>

#if defined(__GLIBC__)
#  include <malloc.h>
#endif

#include "actors/base/assert.h"
#include "actors/base/machine.h"
#include "actors/base/mem.h"

/* What a cache charges at once; it gives back what is over twice as much. */
#define BATCH ((uint64_t)64 * 1024)
#define TRIM_LEAST ((uint64_t)1024 * 1024)

static __thread trp_memory_cache *mine __attribute__((tls_model("initial-exec")));

static trp_memory_cache *cache_of(const trp_memory *m) {
  return mine && mine->of == m ? mine : NULL;
}

static void uncharge(trp_memory *m, uint64_t bytes) {
  trp_account_uncharge(&m->all, bytes);
  atomic_fetch_add_explicit(&m->freed, bytes, memory_order_relaxed);
}

bool trp_memory_take(trp_memory *m, size_t bytes) {
  trp_memory_cache *c = cache_of(m);
  if (!c) return trp_account_charge(&m->all, bytes) == NULL;
  if (bytes > c->free) {
    if (bytes < BATCH && trp_account_charge(&m->all, BATCH) == NULL)
      c->free += BATCH;
    else if (trp_account_charge(&m->all, bytes - c->free) == NULL)
      c->free = bytes;
    else
      return false;
  }
  c->free -= bytes;
  return true;
}

void trp_memory_give(trp_memory *m, size_t bytes) {
  trp_memory_cache *c = cache_of(m);
  if (!c) {
    uncharge(m, bytes);
    return;
  }
  c->free += bytes;
  if (c->free <= 2 * BATCH) return;
  uncharge(m, c->free - BATCH);
  c->free = BATCH;
}

void trp_memory_trim(trp_memory *m) {
#if defined(__GLIBC__)
  uint64_t freed = atomic_load_explicit(&m->freed, memory_order_relaxed);
  if (freed < TRIM_LEAST || freed < trp_account_used(&m->all) / 8) return;
  if (m->host.realloc != trp_mem_default()->realloc) return;
  /* relaxed: whoever takes the count does the work, nothing else depends on it */
  if (atomic_compare_exchange_strong_explicit(&m->freed, &freed, 0, memory_order_relaxed,
                                              memory_order_relaxed))
    malloc_trim(0);
#else
  (void)m;
#endif
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* Frees a list of kept blocks. */
static void free_list(trp_memory *m, trp_block *b, size_t size) {
  while (b) {
    trp_block *next = b->next;
    m->host.realloc(m->host.ctx, b, size, 0);
    trp_memory_give(m, size);
    b = next;
  }
}

/* Gives up what is kept; false: nothing was. */
static bool drain(trp_memory *m, trp_magazines *of) {
  size_t size;
  bool any = false;
  for (trp_block *b; (b = trp_magazine_drain(of, &m->depot, &size)); any = true)
    free_list(m, b, size);
  return any;
}

/* What the host's allocator does, counted; the bound never refuses shrinking and freeing. */
static void *resize(trp_memory *m, void *p, size_t old_size, size_t new_size) {
  trp_memory_cache *c = cache_of(m);
  size_t more = new_size > old_size ? new_size - old_size : 0;
  while (more && !trp_memory_take(m, more)) {
    if (!drain(m, c ? &c->magazines : NULL)) return NULL;
  }
  void *q = m->host.realloc(m->host.ctx, p, old_size, new_size);
  if (new_size && !q) {
    if (more) trp_memory_give(m, more);
    return NULL;
  }
  if (new_size < old_size) trp_memory_give(m, old_size - new_size);
  return q;
}

static void *counted(void *ctx, void *p, size_t old_size, size_t new_size) {
  trp_memory *m = ctx;
  trp_memory_cache *c = cache_of(m);
  old_size = trp_magazine_rounded(old_size);
  new_size = trp_magazine_rounded(new_size);
  if (new_size == old_size) return p;
  if (c && !p && trp_magazine_keeps(new_size)) {
    void *q = trp_magazine_take(&c->magazines, &m->depot, new_size);
    if (q) return q;
  } else if (c && new_size == 0 && trp_magazine_keeps(old_size)) {
    free_list(m, trp_magazine_give(&c->magazines, &m->depot, p, old_size), old_size);
    return NULL;
  }
  return resize(m, p, old_size, new_size);
}

void trp_memory_cache_open(trp_memory_cache *c, trp_memory *m) {
  TRP_ASSERT(!mine);
  memset(c, 0, sizeof *c);
  c->of = m;
  mine = c;
}

void trp_memory_cache_close(trp_memory_cache *c) {
  TRP_ASSERT(mine == c);
  size_t size;
  for (trp_block *b; (b = trp_magazine_drain(&c->magazines, NULL, &size));)
    free_list(c->of, b, size);
  mine = NULL;
  trp_account_uncharge(&c->of->all, c->free);
}

troupe_allocator trp_memory_allocator(trp_memory *m) {
  return (troupe_allocator){.realloc = counted, .ctx = m};
}

void trp_memory_init(trp_memory *m, const troupe_allocator *host, uint64_t limit_bytes,
                     _Atomic uint64_t *refused) {
  m->host = host ? *host : *trp_mem_default();
  if (!limit_bytes) limit_bytes = trp_machine_memory() / 4 * 3;
  trp_account_init(&m->all, limit_bytes, NULL);
  m->refused = refused;
  trp_depot_init(&m->depot);
}

void trp_memory_fini(trp_memory *m) {
  drain(m, NULL);
  trp_depot_fini(&m->depot);
}
