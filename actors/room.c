#include "actors/room.h"

#include "actors/base/assert.h"

#define PRIORITY_SHARE 8 /* of messages and bytes, in addition */

static uint32_t messages_of(uint64_t word) {
  return (uint32_t)((word & ~TRP_ROOM_WAIT) / TRP_ROOM_MESSAGE);
}
static uint64_t bytes_of(uint64_t word) { return word & TRP_ROOM_BYTES_MAX; }
static uint64_t limits_of(const trp_slot *slot) {
  return atomic_load_explicit(&slot->limits, memory_order_relaxed);
}

void trp_room_init(trp_slot *slot, uint32_t messages, uint64_t bytes, troupe_overflow overflow) {
  atomic_store_explicit(&slot->limits, messages * TRP_ROOM_MESSAGE + bytes, memory_order_relaxed);
  /* the count stays, see R2; whoever sends to this holder comes after the inbox has opened */
  atomic_fetch_and_explicit(&slot->high, TRP_ROOM_HIGH, memory_order_relaxed);
  atomic_fetch_or_explicit(&slot->high, (uint32_t)overflow << TRP_ROOM_POLICY_SHIFT,
                           memory_order_relaxed);
}

const char *troupe_overflow_name(troupe_overflow overflow) {
  switch (overflow) {
#define X(NAME, name, text)                                                                        \
  case TROUPE_OVERFLOW_##NAME:                                                                     \
    return name;
    TROUPE_OVERFLOW_MAP(X)
#undef X
  }
  return NULL;
}

int trp_room_take(trp_slot *slot, uint64_t bytes, bool overtake) {
  uint64_t limits = limits_of(slot);
  if (bytes > bytes_of(limits)) return TROUPE_E_TOO_BIG;
  uint64_t old = atomic_load_explicit(&slot->reserved, memory_order_relaxed);
  do {
    if ((old & TRP_ROOM_WAIT) && !overtake) return TROUPE_E_MAILBOX_FULL;
    if (messages_of(old) >= messages_of(limits)) return TROUPE_E_MAILBOX_FULL;
    if (bytes_of(old) + bytes > bytes_of(limits)) return TROUPE_E_MAILBOX_FULL;
    /* acq_rel: ordered with the wait bit, which is set and cleared under the slot's lock */
  } while (!atomic_compare_exchange_weak_explicit(&slot->reserved, &old,
                                                  old + TRP_ROOM_MESSAGE + bytes,
                                                  memory_order_acq_rel, memory_order_relaxed));
  return TROUPE_OK;
}

/* Takes bytes alone, up to an eighth more than others may have. */
static int take_bytes(trp_slot *slot, uint64_t bytes) {
  uint64_t most = bytes_of(limits_of(slot));
  most += most / PRIORITY_SHARE;
  if (most > TRP_ROOM_BYTES_MAX) most = TRP_ROOM_BYTES_MAX;
  uint64_t old = atomic_load_explicit(&slot->reserved, memory_order_relaxed);
  do {
    if (bytes_of(old) + bytes > most) return TROUPE_E_MAILBOX_FULL;
    /* acq_rel: as in trp_room_take */
  } while (!atomic_compare_exchange_weak_explicit(&slot->reserved, &old, old + bytes,
                                                  memory_order_acq_rel, memory_order_relaxed));
  return TROUPE_OK;
}

int trp_room_take_high(trp_slot *slot, uint64_t bytes) {
  uint32_t most = messages_of(limits_of(slot)) / PRIORITY_SHARE;
  if (bytes > bytes_of(limits_of(slot))) return TROUPE_E_TOO_BIG;
  uint32_t old = atomic_load_explicit(&slot->high, memory_order_relaxed);
  do {
    if ((old & TRP_ROOM_HIGH) >= (most ? most : 1)) return TROUPE_E_MAILBOX_FULL;
    /* relaxed: nobody waits for this word; the message's push orders what belongs to it */
  } while (!atomic_compare_exchange_weak_explicit(&slot->high, &old, old + 1, memory_order_relaxed,
                                                  memory_order_relaxed));
  int err = take_bytes(slot, bytes);
  if (err) atomic_fetch_sub_explicit(&slot->high, 1, memory_order_relaxed);
  return err;
}

/* Returns an amount of `reserved`. True when those who wait are to be admitted. */
static bool give(trp_slot *slot, uint64_t amount) {
  /* acq_rel: as in trp_room_take; a sender that set the wait bit before this sees the room when it
   * tries once more, one that sets it after is seen here */
  uint64_t old = atomic_fetch_sub_explicit(&slot->reserved, amount, memory_order_acq_rel);
  TRP_ASSERT((old & ~TRP_ROOM_WAIT) >= amount);
  if (!(old & TRP_ROOM_WAIT)) return false;
  uint64_t now = old - amount, limits = limits_of(slot);
  return messages_of(now) <= messages_of(limits) / 4 && bytes_of(now) <= bytes_of(limits) / 4;
}

bool trp_room_give(trp_slot *slot, uint32_t messages, uint64_t bytes) {
  return give(slot, messages * TRP_ROOM_MESSAGE + bytes);
}

bool trp_room_give_high(trp_slot *slot, uint64_t bytes) {
  uint32_t old = atomic_fetch_sub_explicit(&slot->high, 1, memory_order_relaxed);
  TRP_ASSERT(old & TRP_ROOM_HIGH);
  (void)old;
  return give(slot, bytes);
}

bool trp_room_claim(trp_slot *slot, trp_room_turn turn) {
  bool rose = turn == TRP_ROOM_ROSE;
  uint32_t old =
      rose ? atomic_fetch_or_explicit(&slot->high, TRP_ROOM_FILLED, memory_order_relaxed)
           : atomic_fetch_and_explicit(&slot->high, ~TRP_ROOM_FILLED, memory_order_relaxed);
  return rose != ((old & TRP_ROOM_FILLED) != 0);
}
