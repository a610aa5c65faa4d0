/* The room in a mailbox: who may still put a message in.
 *
 * Three words of the slot. `reserved` counts what has room: 23 bits of messages and 40 bits of
 * bytes, and the wait bit, which says that senders are parked and nobody may overtake them.
 * `limits` are the bounds in the same shape. `high` counts the messages of high priority, which
 * have room of their own besides: an eighth of the messages, at least one, and an eighth of the
 * bytes; it also holds the overflow policy, and whether the mailbox is *filled*: from four fifths
 * until it has drained to a half.
 *
 *   R1  a bound is exact whatever the race: compare-and-swap, never add-and-see
 *   R2  the counts are never reset: each reservation is returned once, by whoever disposes of the
 *       message, also when the slot has another holder by then */
#ifndef TRP_ACTORS_ROOM_H
#define TRP_ACTORS_ROOM_H

#include <troupe/actor.h>

#include "actors/slot.h"

#define TRP_ROOM_WAIT (UINT64_C(1) << 63)
#define TRP_ROOM_MESSAGE (UINT64_C(1) << 40)
#define TRP_ROOM_BYTES_MAX (TRP_ROOM_MESSAGE - 1)
#define TRP_ROOM_MESSAGES_MAX UINT32_C(0x7fffff)

#define TRP_ROOM_HIGH UINT32_C(0xfffff) /* an eighth of TRP_ROOM_MESSAGES_MAX fits */
#define TRP_ROOM_POLICY_SHIFT 24
#define TRP_ROOM_POLICY (UINT32_C(7) << TRP_ROOM_POLICY_SHIFT)

#define TRP_ROOM_FILLED (UINT32_C(1) << 31)

/* A new holder's bounds and policy. Before its inbox opens. */
void trp_room_init(trp_slot *slot, uint32_t messages, uint64_t bytes, troupe_overflow overflow);

/* Takes room for one message of normal priority.
 *   overtake  also while others wait for room: for those who admit the waiting ones
 * Returns TROUPE_OK, TROUPE_E_MAILBOX_FULL, or TROUPE_E_TOO_BIG (can never fit). Thread: any. */
int trp_room_take(trp_slot *slot, uint64_t bytes, bool overtake);
/* The same for one of high priority, which waits for nobody. */
int trp_room_take_high(trp_slot *slot, uint64_t bytes);

/* Returns room. True when senders wait and the mailbox has drained to a quarter: admit them. */
bool trp_room_give(trp_slot *slot, uint32_t messages, uint64_t bytes);
bool trp_room_give_high(trp_slot *slot, uint64_t bytes);

/* The water marks: whether the mailbox has been filled, or has drained again. */
typedef enum trp_room_turn { TRP_ROOM_LEVEL, TRP_ROOM_ROSE, TRP_ROOM_FELL } trp_room_turn;

/* Where it stands now against what was told of it last. Thread: any. */
static inline trp_room_turn trp_room_look(const trp_slot *slot) {
  uint64_t have = atomic_load_explicit(&slot->reserved, memory_order_relaxed) & ~TRP_ROOM_WAIT;
  uint64_t most = atomic_load_explicit(&slot->limits, memory_order_relaxed);
  uint64_t messages = have / TRP_ROOM_MESSAGE, most_messages = most / TRP_ROOM_MESSAGE;
  uint64_t bytes = have & TRP_ROOM_BYTES_MAX, most_bytes = most & TRP_ROOM_BYTES_MAX;
  bool filled = atomic_load_explicit(&slot->high, memory_order_relaxed) & TRP_ROOM_FILLED;
  if (filled && messages * 2 <= most_messages && bytes * 2 <= most_bytes) return TRP_ROOM_FELL;
  if (!filled && (messages * 5 >= most_messages * 4 || bytes * 5 >= most_bytes * 4))
    return TRP_ROOM_ROSE;
  return TRP_ROOM_LEVEL;
}
/* Claims a turn. True for the first only, who tells of it. */
bool trp_room_claim(trp_slot *slot, trp_room_turn turn);

static inline troupe_overflow trp_room_overflow(const trp_slot *slot) {
  uint32_t high = atomic_load_explicit(&slot->high, memory_order_relaxed);
  return (troupe_overflow)((high & TRP_ROOM_POLICY) >> TRP_ROOM_POLICY_SHIFT);
}

/* Whether senders wait for room. */
static inline bool trp_room_awaited(const trp_slot *slot) {
  return atomic_load_explicit(&slot->reserved, memory_order_relaxed) & TRP_ROOM_WAIT;
}

static inline uint32_t trp_room_messages(const trp_slot *slot) {
  uint64_t r = atomic_load_explicit(&slot->reserved, memory_order_relaxed);
  uint32_t high = atomic_load_explicit(&slot->high, memory_order_relaxed) & TRP_ROOM_HIGH;
  return (uint32_t)((r & ~TRP_ROOM_WAIT) / TRP_ROOM_MESSAGE) + high;
}
static inline uint64_t trp_room_bytes(const trp_slot *slot) {
  return atomic_load_explicit(&slot->reserved, memory_order_relaxed) & TRP_ROOM_BYTES_MAX;
}

#endif
