#include "actors/slot.h"

#include <stdlib.h>

#include <troupe/error.h>

#include "actors/base/assert.h"
#include "actors/base/mem.h"
#include "actors/inbox.h"

#define NONE UINT32_MAX

static uint32_t number_of(uint64_t pid) { return (uint32_t)pid; }
static uint32_t serial_of(uint64_t pid) { return (uint32_t)(pid >> 32); }

int trp_slots_init(trp_slots *s, const troupe_allocator *al, uint32_t max_actors) {
  *s = (trp_slots){.al = al, .max = max_actors, .free_head = NONE, .free_tail = NONE};
  s->nchunks = max_actors / TRP_SLOTS_PER_CHUNK + (max_actors % TRP_SLOTS_PER_CHUNK != 0);
  s->chunks = trp_zalloc(al, s->nchunks * sizeof *s->chunks);
  s->next = trp_alloc(al, (size_t)max_actors * sizeof *s->next);
  if (!s->chunks || !s->next) {
    trp_free(al, s->chunks, s->nchunks * sizeof *s->chunks);
    trp_free(al, s->next, (size_t)max_actors * sizeof *s->next);
    s->chunks = NULL;
    return TROUPE_E_NO_MEMORY;
  }
  pthread_mutex_init(&s->lock, NULL);
  for (int i = 0; i < TRP_SLOT_LOCKS; i++)
    pthread_mutex_init(&s->stripes[i], NULL);
  return TROUPE_OK;
}

void trp_slots_fini(trp_slots *s) {
  if (!s->chunks) return;
  for (uint32_t i = 0; i < s->nchunks; i++) {
    trp_slot *chunk = atomic_load_explicit(&s->chunks[i], memory_order_relaxed);
    /* allocated with room for alignment: the true start is kept before the chunk */
    if (chunk) {
      void *start = ((void **)chunk)[-1];
      trp_free(s->al, start, (TRP_SLOTS_PER_CHUNK + 2) * sizeof(trp_slot));
    }
  }
  trp_free(s->al, s->chunks, s->nchunks * sizeof *s->chunks);
  trp_free(s->al, s->next, (size_t)s->max * sizeof *s->next);
  s->chunks = NULL;
  pthread_mutex_destroy(&s->lock);
  for (int i = 0; i < TRP_SLOT_LOCKS; i++)
    pthread_mutex_destroy(&s->stripes[i]);
}

/* A chunk of closed slots, aligned to its lines whatever the allocator gives. */
static trp_slot *chunk_new(trp_slots *s, uint32_t first) {
  char *start = trp_zalloc(s->al, (TRP_SLOTS_PER_CHUNK + 2) * sizeof(trp_slot));
  if (!start) return NULL;
  size_t past = (uintptr_t)start % sizeof(trp_slot); /* at least a pointer's room stays in front */
  trp_slot *chunk = (trp_slot *)(void *)(start + 2 * sizeof(trp_slot) - past);
  ((void **)chunk)[-1] = start;
  for (uint32_t i = 0; i < TRP_SLOTS_PER_CHUNK; i++) {
    atomic_init(&chunk[i].inbox, TRP_INBOX_CLOSED);
    atomic_init(&chunk[i].pid, (UINT64_C(1) << 32) | (first + i));
  }
  return chunk;
}

static trp_slot *slot_at(trp_slots *s, uint32_t number) {
  if (number >= s->max) return NULL;
  /* acquire: pairs with the release in trp_slots_take that publishes the chunk */
  trp_slot *chunk =
      atomic_load_explicit(&s->chunks[number / TRP_SLOTS_PER_CHUNK], memory_order_acquire);
  return chunk ? &chunk[number % TRP_SLOTS_PER_CHUNK] : NULL;
}

trp_slot *trp_slots_find(trp_slots *s, troupe_pid pid) { return slot_at(s, number_of(pid.id)); }

pthread_mutex_t *trp_slots_lock_of(trp_slots *s, troupe_pid pid) {
  return &s->stripes[number_of(pid.id) % TRP_SLOT_LOCKS];
}

trp_slot *trp_slots_take(trp_slots *s, int *err) {
  trp_slot *slot = NULL;
  *err = TROUPE_OK;
  pthread_mutex_lock(&s->lock);
  if (s->free_head != NONE) {
    uint32_t n = s->free_head;
    s->free_head = s->next[n];
    if (s->free_head == NONE) s->free_tail = NONE;
    slot = slot_at(s, n);
  } else if (s->used == s->max) {
    *err = TROUPE_E_LIMIT;
  } else {
    uint32_t n = s->used;
    _Atomic(trp_slot *) *home = &s->chunks[n / TRP_SLOTS_PER_CHUNK];
    trp_slot *chunk = atomic_load_explicit(home, memory_order_relaxed);
    if (!chunk && (chunk = chunk_new(s, n))) {
      /* release: pairs with the acquire in slot_at; publishes the closed slots */
      atomic_store_explicit(home, chunk, memory_order_release);
    }
    if (chunk) {
      slot = &chunk[n % TRP_SLOTS_PER_CHUNK];
      s->used++;
    } else {
      *err = TROUPE_E_NO_MEMORY;
    }
  }
  pthread_mutex_unlock(&s->lock);
  return slot;
}

void trp_slots_give(trp_slots *s, trp_slot *slot) {
  TRP_ASSERT(atomic_load_explicit(&slot->waiting_on, memory_order_relaxed) == 0);
  TRP_ASSERT(atomic_load_explicit(&slot->inbox, memory_order_relaxed) == TRP_INBOX_CLOSED);
  pthread_mutex_lock(&s->lock);
  uint64_t pid = atomic_load_explicit(&slot->pid, memory_order_relaxed);
  uint32_t n = number_of(pid);
  uint32_t serial = serial_of(pid) + 1;
  /* release: pairs with the acquire in trp_slot_is; whoever sees the new pid sees a closed inbox */
  atomic_store_explicit(&slot->pid, ((uint64_t)serial << 32) | n, memory_order_release);
  if (serial != 0) { /* 0 would begin again: such a slot is never used any more */
    s->next[n] = NONE;
    if (s->free_tail == NONE)
      s->free_head = n;
    else
      s->next[s->free_tail] = n;
    s->free_tail = n;
  }
  pthread_mutex_unlock(&s->lock);
}
