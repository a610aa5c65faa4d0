/* Open addressing with linear probing.
 *
 *   I1  cap is 0 or a power of two, and at least a quarter of the entries is free
 *   I2  between an entry's home and its place there is no free entry
 *
 * Deletion keeps I2 by moving later entries back instead of leaving tombstones, so lookups do not
 * slow down with age. */
#include "actors/base/map.h"

#include <errno.h>

#include "actors/base/assert.h"
#include "actors/base/mem.h"

enum { FIRST_CAP = 8 };

/* Fibonacci hashing: keys in a row, such as ids, come to lie far from each other. Folded before, as
 * keys may differ in high bits only. */
static size_t home(uint64_t key, size_t cap) {
  return (size_t)(((key ^ (key >> 32)) * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (cap - 1);
}

/* The entry with the key, or the free one where it belongs. cap is not 0. */
static trp_map_entry *find(trp_map_entry *entries, size_t cap, uint64_t key) {
  size_t i = home(key, cap);
  while (entries[i].value && entries[i].key != key)
    i = (i + 1) & (cap - 1);
  return &entries[i];
}

void trp_map_init(trp_map *m, const troupe_allocator *al) { *m = (trp_map){.al = al}; }

void trp_map_fini(trp_map *m) {
  trp_free(m->al, m->entries, m->cap * sizeof(trp_map_entry));
  trp_map_init(m, m->al);
}

int trp_map_reserve(trp_map *m, size_t n) {
  if (n > SIZE_MAX / sizeof(trp_map_entry) / 4) return -ENOMEM;
  size_t cap = m->cap ? m->cap : FIRST_CAP;
  while (cap / 4 * 3 < n)
    cap *= 2;
  if (cap == m->cap) return 0;
  trp_map_entry *entries = trp_zalloc(m->al, cap * sizeof(trp_map_entry));
  if (!entries) return -ENOMEM;
  for (size_t i = 0; i < m->cap; i++) {
    if (m->entries[i].value) *find(entries, cap, m->entries[i].key) = m->entries[i];
  }
  trp_free(m->al, m->entries, m->cap * sizeof(trp_map_entry));
  m->entries = entries;
  m->cap = cap;
  return 0;
}

int trp_map_put(trp_map *m, uint64_t key, void *value) {
  TRP_ASSERT(value);
  trp_map_entry *e = m->cap ? find(m->entries, m->cap, key) : NULL;
  if (!e || !e->value) {
    int err = trp_map_reserve(m, m->count + 1);
    if (err) return err;
    e = find(m->entries, m->cap, key);
    m->count++;
  }
  *e = (trp_map_entry){.key = key, .value = value};
  return 0;
}

void *trp_map_get(const trp_map *m, uint64_t key) {
  return m->cap ? find(m->entries, m->cap, key)->value : NULL;
}

void *trp_map_del(trp_map *m, uint64_t key) {
  if (!m->cap) return NULL;
  trp_map_entry *e = find(m->entries, m->cap, key);
  void *value = e->value;
  if (!value) return NULL;
  size_t mask = m->cap - 1;
  size_t hole = (size_t)(e - m->entries);
  for (size_t i = (hole + 1) & mask; m->entries[i].value; i = (i + 1) & mask) {
    /* The entry at i may move back into the hole unless its home lies behind the hole. */
    size_t from_home = (i - home(m->entries[i].key, m->cap)) & mask;
    size_t from_hole = (i - hole) & mask;
    if (from_home >= from_hole) {
      m->entries[hole] = m->entries[i];
      hole = i;
    }
  }
  m->entries[hole] = (trp_map_entry){0};
  m->count--;
  return value;
}

bool trp_map_next(const trp_map *m, size_t *pos, uint64_t *key, void **value) {
  while (*pos < m->cap) {
    const trp_map_entry *e = &m->entries[(*pos)++];
    if (!e->value) continue;
    *key = e->key;
    *value = e->value;
    return true;
  }
  return false;
}
