#include "actors/waiting.h"

#include "actors/line.h"
#include "actors/parked.h"
#include "actors/room.h"
#include "actors/system.h"

/* An edge is one word, so that it is read, taken back and re-pointed as a whole: which wait it is
 * in the high half, the slot of whom it leads to in the low half; 0: none. A slot is enough, as no
 * ask of an actor that has gone is open when another takes over its slot, but for one on its way
 * into the very inbox, which that other one has to bury. */

static uint32_t slot_of(uint64_t edge) { return (uint32_t)edge; }
static uint32_t wait_of(uint64_t edge) { return (uint32_t)(edge >> 32); }

/* Names a wait: different for each of an actor and, but by chance, of all that have had its slot.
 */
static uint32_t wait_number(troupe_pid waiter, uint64_t id) {
  uint32_t number = (uint32_t)id + (uint32_t)(waiter.id >> 32) * UINT32_C(0x9e3779b1);
  return number ? number : 1;
}

static uint64_t edge_to(troupe_pid waiter, uint64_t id, troupe_pid to) {
  return (uint64_t)wait_number(waiter, id) << 32 | (uint32_t)to.id;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static uint64_t edge_from(troupe_system *sys, uint32_t slot) {
  const trp_slot *s = trp_slots_find(&sys->slots, (troupe_pid){slot});
  /* seq_cst: pairs with the exchange in publish(), for E4 */
  return s ? atomic_load_explicit(&s->waiting_on, memory_order_seq_cst) : 0;
}

/* Whether the edges lead from a slot back to it. */
static bool is_in_cycle(troupe_system *sys, uint32_t slot) {
  uint64_t seen[TRP_WAITING_HOPS];
  unsigned hops = 0;
  uint32_t at = slot;
  do {
    if (hops == TRP_WAITING_HOPS) return false;
    seen[hops] = edge_from(sys, at);
    if (seen[hops] == 0) return false;
    at = slot_of(seen[hops++]);
  } while (at != slot);
  for (unsigned i = 0; i < hops; at = slot_of(seen[i++]))
    if (edge_from(sys, at) != seen[i]) return false;
  return true;
}

/* ---- the waiter ---------------------------------------------------------------------------- */

static void publish(troupe_actor *a, uint64_t edge) {
  /* seq_cst: pairs with the loads in edge_from(), for E4 */
  atomic_exchange_explicit(&a->slot->waiting_on, edge, memory_order_seq_cst);
}

void trp_waiting_end(troupe_actor *a, uint64_t id) {
  if (a->waiting_id == 0 || (id != 0 && a->waiting_id != id)) return;
  a->waiting_id = 0;
  /* relaxed: who sees the edge a little longer sees one that was there. Nobody else writes 0 where
   * another edge of ours could be by now (E3). */
  atomic_store_explicit(&a->slot->waiting_on, 0, memory_order_relaxed);
}

/* Who waits for room that there is, until the mailbox has drained to a quarter, would wait for ever
 * if the actor waited for it. */
static void let_in(troupe_actor *a) {
  if (!trp_room_awaited(a->slot)) return;
  trp_line_flush(a);
  trp_parked_admit(a->sys, a->slot, a->pid);
}

int trp_waiting_begin(troupe_actor *a, troupe_pid to, uint64_t id) {
  trp_waiting_end(a, 0); /* with a second wait there are two ways on */
  if (!a->blocked || a->waits_several || a->ledger.book->wakers != 1) return TROUPE_OK;
  let_in(a);
  a->waiting_id = id;
  publish(a, edge_to(a->pid, id, to));
  if (!is_in_cycle(a->sys, (uint32_t)a->pid.id)) return TROUPE_OK;
  trp_waiting_end(a, id);
  return TROUPE_E_WOULD_DEADLOCK;
}

/* ---- the others ---------------------------------------------------------------------------- */

/* Puts another edge, or none, in the place of that of a wait. False: it is not there any more. */
static bool change(troupe_system *sys, troupe_pid waiter, uint64_t id, uint64_t to) {
  trp_slot *slot = trp_slots_find(&sys->slots, waiter);
  if (!slot) return false;
  uint64_t edge = atomic_load_explicit(&slot->waiting_on, memory_order_relaxed);
  do {
    if (edge == 0 || wait_of(edge) != wait_number(waiter, id)) return false;
    /* seq_cst: a re-pointed edge is as good as a new one (E4). That it is gone is published by the
     * push that follows (E2). */
  } while (!atomic_compare_exchange_weak_explicit(&slot->waiting_on, &edge, to,
                                                  memory_order_seq_cst, memory_order_relaxed));
  return true;
}

void trp_waiting_settle(troupe_system *sys, troupe_pid waiter, uint64_t id) {
  (void)change(sys, waiter, id, 0);
}

int trp_waiting_repoint(troupe_system *sys, troupe_pid waiter, uint64_t id, troupe_pid to) {
  if (!change(sys, waiter, id, edge_to(waiter, id, to))) return TROUPE_OK;
  return is_in_cycle(sys, (uint32_t)waiter.id) ? TROUPE_E_WOULD_DEADLOCK : TROUPE_OK;
}
