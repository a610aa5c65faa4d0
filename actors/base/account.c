#include "actors/base/account.h"

#include <stdbool.h>
#include <stddef.h>

#include "actors/base/assert.h"

void trp_account_init(trp_account *a, uint64_t limit, trp_account *parent) {
  atomic_init(&a->used, 0);
  a->limit = limit ? limit : UINT64_MAX;
  a->parent = parent;
}

/* relaxed everywhere: only the number matters, nothing is published by it */
static bool charge_one(trp_account *a, uint64_t bytes) {
  uint64_t used = atomic_load_explicit(&a->used, memory_order_relaxed);
  do {
    if (bytes > a->limit || used > a->limit - bytes) return false;
  } while (!atomic_compare_exchange_weak_explicit(&a->used, &used, used + bytes,
                                                  memory_order_relaxed, memory_order_relaxed));
  return true;
}

static void uncharge_until(trp_account *a, const trp_account *end, uint64_t bytes) {
  for (; a != end; a = a->parent) {
    uint64_t used = atomic_fetch_sub_explicit(&a->used, bytes, memory_order_relaxed);
    TRP_ASSERT(used >= bytes); /* A2 */
    (void)used;
  }
}

const trp_account *trp_account_charge(trp_account *a, uint64_t bytes) {
  for (trp_account *at = a; at; at = at->parent) {
    if (charge_one(at, bytes)) continue;
    uncharge_until(a, at, bytes);
    return at;
  }
  return NULL;
}

void trp_account_uncharge(trp_account *a, uint64_t bytes) { uncharge_until(a, NULL, bytes); }
