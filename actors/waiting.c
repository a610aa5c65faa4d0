#include "actors/waiting.h"

#include "actors/system.h"

#define HOPS_MAX 1000

typedef struct trail { /* what a walk has seen */
  uint64_t waits;      /* of each hop, folded together */
  int hops;
} trail;

static uint64_t fold(uint64_t waits, uint64_t more) {
  return (waits ^ more) * UINT64_C(0x9e3779b97f4a7c15) + (waits >> 29);
}

/* Whether the edges lead from `from` to `to`. */
static bool walk(troupe_system *sys, troupe_pid from, troupe_pid to, trail *seen) {
  *seen = (trail){0};
  while (from.id != to.id) {
    trp_slot *slot = trp_slots_find(&sys->slots, from);
    if (!slot || ++seen->hops > HOPS_MAX) return false;
    uint32_t number = atomic_load_explicit(&slot->wait_number, memory_order_seq_cst);
    uint64_t next = atomic_load_explicit(&slot->waiting_on, memory_order_seq_cst);
    if (next == 0 || !trp_slot_is(slot, from)) return false;
    seen->waits = fold(fold(seen->waits, number), next);
    from.id = next;
  }
  return true;
}

/* Whether `who`, which has published that it waits for `on`, is in a cycle by that. */
static bool cycle(troupe_system *sys, troupe_pid who, troupe_pid on) {
  trail first, second;
  return walk(sys, on, who, &first) && walk(sys, on, who, &second) && first.hops == second.hops &&
         first.waits == second.waits;
}

int trp_waiting_begin(troupe_actor *a, troupe_pid on, uint64_t id) {
  if (a->waits) return TROUPE_OK;
  /* the number first: who sees the new edge sees no older number with it */
  atomic_fetch_add_explicit(&a->slot->wait_number, 1, memory_order_seq_cst);
  atomic_store_explicit(&a->slot->waiting_on, on.id, memory_order_seq_cst);
  a->waits = id;
  if (!cycle(a->sys, a->pid, on)) return TROUPE_OK;
  trp_waiting_end(a, id);
  return TROUPE_E_WOULD_DEADLOCK;
}

void trp_waiting_end(troupe_actor *a, uint64_t id) {
  if (a->waits != id) return;
  a->waits = 0;
  atomic_store_explicit(&a->slot->waiting_on, 0, memory_order_seq_cst);
}

/* The slot in which `who` says that it waits for `on`, or NULL. */
static trp_slot *edge_of(troupe_system *sys, troupe_pid who, troupe_pid on) {
  trp_slot *slot = trp_slots_find(&sys->slots, who);
  bool is = slot && atomic_load_explicit(&slot->waiting_on, memory_order_relaxed) == on.id &&
            trp_slot_is(slot, who);
  return is ? slot : NULL;
}

void trp_waiting_settle(troupe_system *sys, troupe_pid who, troupe_pid on) {
  trp_slot *slot = edge_of(sys, who, on);
  uint64_t expected = on.id;
  if (slot)
    atomic_compare_exchange_strong_explicit(&slot->waiting_on, &expected, 0, memory_order_seq_cst,
                                            memory_order_relaxed);
}

int trp_waiting_move(troupe_system *sys, troupe_pid who, troupe_pid on, troupe_pid to) {
  trp_slot *slot = edge_of(sys, who, on);
  uint64_t expected = on.id;
  if (!slot || !atomic_compare_exchange_strong_explicit(&slot->waiting_on, &expected, to.id,
                                                        memory_order_seq_cst, memory_order_relaxed))
    return TROUPE_OK; /* it does not say that it waits */
  return cycle(sys, who, to) ? TROUPE_E_WOULD_DEADLOCK : TROUPE_OK;
}
