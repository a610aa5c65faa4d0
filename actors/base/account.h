/* Bytes held against a limit, in a chain: what is charged to an account is charged to every account
 * above it, or nowhere.
 *
 *   A1  used <= limit in every account at every time, whatever races: a charge is a
 * compare-and-swap A2  each charge is matched by one uncharge of as many bytes on the same account
 *
 * A charge that an account above refuses is undone below, so a charge that races it may be refused
 * although there would have been room; never the other way round.
 *
 * An account costs a shared cache line: it is for chunks and large blocks, not for single cells.
 *
 * Thread: any. Pure: no clock, lock or allocation. */
#ifndef TRP_BASE_ACCOUNT_H
#define TRP_BASE_ACCOUNT_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct trp_account {
  _Atomic uint64_t used;
  uint64_t limit;
  struct trp_account *parent; /* outlives this one; NULL: at the top */
} trp_account;

/* limit 0: none of its own. */
void trp_account_init(trp_account *a, uint64_t limit, trp_account *parent);

/* Charges a and everyone above. NULL, or the account whose limit refused it; nothing is charged
 * then. */
const trp_account *trp_account_charge(trp_account *a, uint64_t bytes);
void trp_account_uncharge(trp_account *a, uint64_t bytes);

static inline uint64_t trp_account_used(const trp_account *a) {
  return atomic_load_explicit(&a->used, memory_order_relaxed);
}

#endif
