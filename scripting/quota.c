#include "scripting/quota.h"

#include "actors/base/mem.h"

trp_quota *trp_quota_new(const troupe_allocator *al, uint32_t spawn_limit, uint64_t memory_bytes,
                         uint64_t cpu_ms_per_s, trp_quota *parent) {
  trp_quota *q = trp_zalloc(al, sizeof *q);
  if (!q) return NULL;
  atomic_init(&q->refs, 1);
  q->al = al;
  q->spawn_limit = spawn_limit;
  q->parent = parent;
  q->bound = parent ? parent->bound : NULL;
  if (memory_bytes < (q->bound ? q->bound->limit : UINT64_MAX)) {
    trp_account_init(&q->memory, memory_bytes, q->bound);
    q->bound = &q->memory;
  }
  q->throttle = parent ? parent->throttle : NULL;
  if (cpu_ms_per_s < (q->throttle ? q->throttle->bucket.ms_per_s : UINT64_MAX)) {
    trp_throttle_init(&q->cpu, cpu_ms_per_s, q->throttle);
    q->throttle = &q->cpu;
  }
  if (parent) atomic_fetch_add_explicit(&parent->refs, 1, memory_order_relaxed);
  return q;
}

void trp_quota_unref(trp_quota *q) {
  while (q) {
    /* acq_rel: the last one sees what the others did */
    if (atomic_fetch_sub_explicit(&q->refs, 1, memory_order_acq_rel) != 1) return;
    trp_quota *parent = q->parent;
    if (q->throttle == &q->cpu) trp_throttle_fini(&q->cpu);
    trp_free(q->al, q, sizeof *q);
    q = parent;
  }
}

/* Returns one spawn in every node from `from` up to, not including, `end`. */
static void give_back(trp_quota *from, const trp_quota *end) {
  for (trp_quota *q = from; q != end; q = q->parent)
    atomic_fetch_sub_explicit(&q->spawned, 1, memory_order_relaxed);
}

bool trp_quota_take_spawn(trp_quota *q) {
  for (trp_quota *at = q; at; at = at->parent) {
    uint32_t spawned = atomic_load_explicit(&at->spawned, memory_order_relaxed);
    do {
      if (spawned >= at->spawn_limit) {
        give_back(q, at);
        return false;
      }
    } while (!atomic_compare_exchange_weak_explicit(&at->spawned, &spawned, spawned + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
  }
  return true;
}

void trp_quota_give_spawn(trp_quota *q) { give_back(q, NULL); }
