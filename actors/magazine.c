#include "actors/magazine.h"

#include "actors/base/assert.h"

static size_t index_of(size_t size) { return size / 16 - 1; }

/* How many blocks a full magazine has: 2 KiB worth, between 4 and 16. */
static uint32_t capacity(size_t i) {
  uint32_t n = (uint32_t)(128 / (i + 1));
  return n > 16 ? 16 : n;
}

/* What a full magazine keeps. */
static size_t bytes_of(size_t i) { return capacity(i) * (i + 1) * 16; }

/* Relaxed, also where it is read: only the lock's owner writes, and others only want to know how
 * much there is about now. */
static void set_bytes(trp_depot *d, uint64_t bytes) {
  atomic_store_explicit(&d->bytes, bytes, memory_order_relaxed);
}
static uint64_t bytes_in(const trp_depot *d) {
  return atomic_load_explicit(&d->bytes, memory_order_relaxed);
}

void trp_depot_init(trp_depot *d) {
  *d = (trp_depot){0};
  pthread_mutex_init(&d->lock, NULL);
}

void trp_depot_fini(trp_depot *d) {
  for (size_t i = 0; i < TRP_MAGAZINE_SIZES; i++)
    TRP_ASSERT(!d->full[i]);
  pthread_mutex_destroy(&d->lock);
}

/* A full magazine from the depot, or an empty one. */
static trp_magazine fetch(trp_depot *d, size_t i) {
  trp_magazine m = {0};
  pthread_mutex_lock(&d->lock);
  m.blocks = d->full[i];
  if (m.blocks) {
    d->full[i] = m.blocks->next_magazine;
    set_bytes(d, bytes_in(d) - bytes_of(i));
    m.count = capacity(i);
  }
  pthread_mutex_unlock(&d->lock);
  return m;
}

/* Hands a full one in; false: there are enough. */
static bool store(trp_depot *d, size_t i, trp_magazine m) {
  pthread_mutex_lock(&d->lock);
  bool room = bytes_in(d) + bytes_of(i) <= TRP_DEPOT_BYTES;
  if (room) {
    m.blocks->next_magazine = d->full[i];
    d->full[i] = m.blocks;
    set_bytes(d, bytes_in(d) + bytes_of(i));
  }
  pthread_mutex_unlock(&d->lock);
  return room;
}

void *trp_magazine_take(trp_magazines *m, trp_depot *d, size_t size) {
  size_t i = index_of(size);
  trp_magazine *now = &m->now[i];
  if (!now->blocks) {
    if (m->spare[i].blocks) {
      *now = m->spare[i];
      m->spare[i] = (trp_magazine){0};
    } else {
      *now = fetch(d, i);
    }
    if (!now->blocks) return NULL;
  }
  trp_block *b = now->blocks;
  now->blocks = b->next;
  now->count--;
  return b;
}

trp_block *trp_magazine_give(trp_magazines *m, trp_depot *d, void *p, size_t size) {
  size_t i = index_of(size);
  trp_magazine *now = &m->now[i];
  trp_block *b = p, *over = NULL;
  if (now->count == capacity(i)) {
    /* the spare is full or empty, never in between: that keeps an actor that takes and gives at the
     * edge of a magazine away from the depot */
    if (m->spare[i].blocks && !store(d, i, m->spare[i])) over = m->spare[i].blocks;
    m->spare[i] = *now;
    *now = (trp_magazine){0};
  }
  b->next = now->blocks;
  now->blocks = b;
  now->count++;
  return over;
}

static trp_block *drain_one(trp_magazine *m) {
  trp_block *b = m->blocks;
  *m = (trp_magazine){0};
  return b;
}

trp_block *trp_magazine_drain(trp_magazines *m, trp_depot *d, size_t *size) {
  trp_block *b = NULL;
  for (size_t i = 0; i < TRP_MAGAZINE_SIZES && !b; i++) {
    *size = (i + 1) * 16;
    if (m && !(b = drain_one(&m->now[i]))) b = drain_one(&m->spare[i]);
    if (d && !b) b = fetch(d, i).blocks;
  }
  return b;
}
