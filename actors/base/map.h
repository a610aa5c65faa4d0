/* A hash map from 64-bit keys to pointers: open addressing, deletion without tombstones. Owns its
 * table, never the values. Thread: whoever owns the map. */
#ifndef TRP_BASE_MAP_H
#define TRP_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <troupe/types.h>

typedef struct trp_map_entry {
  uint64_t key;
  void *value; /* NULL: the place is free */
} trp_map_entry;

typedef struct trp_map {
  const troupe_allocator *al;
  trp_map_entry *entries;
  size_t count, cap; /* cap is 0 or a power of two; count is at most 3/4 of it */
} trp_map;

/* Allocates nothing. */
void trp_map_init(trp_map *m, const troupe_allocator *al);

void trp_map_fini(trp_map *m);

/* Room for n entries in all, so that puts up to n cannot fail. 0 or -ENOMEM. */
int trp_map_reserve(trp_map *m, size_t n);

/* Adds the key or replaces its value, which must not be NULL. 0 or -ENOMEM; replacing never fails.
 */
int trp_map_put(trp_map *m, uint64_t key, void *value);

/* NULL when the key is missing. */
void *trp_map_get(const trp_map *m, uint64_t key);

/* Removes the key; returns its value, NULL when it was missing. */
void *trp_map_del(trp_map *m, uint64_t key);

static inline size_t trp_map_count(const trp_map *m) { return m->count; }

/* Walks all entries in an order that depends on keys and history only, never on addresses. *pos
 * starts at 0; false at the end. The map must not change during the walk. */
bool trp_map_next(const trp_map *m, size_t *pos, uint64_t *key, void **value);

#endif
