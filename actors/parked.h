/* Parked sends: messages held back at a full mailbox.
 *
 * The sender owns the park, an item of its ledger with a deadline; while it waits the park is also
 * a link in the receiver's ring, first come first served. Its grant message tells the sender how
 * the wait ended: admitted, or the receiver has stopped. A receiver's restart keeps the ring; the
 * sender's end takes its parks along. */
#ifndef TRP_ACTORS_PARKED_H
#define TRP_ACTORS_PARKED_H

#include "actors/send.h"

typedef struct trp_parked {
  trp_item item;
  trp_msg grant;                  /* TRP_MSG_ITEM to the sender */
  trp_msg *held;                  /* under the slot's lock while linked, as what follows */
  struct trp_parked *next, *prev; /* the ring */
  bool linked;
  troupe_pid to; /* the receiver */
  uint64_t ask;  /* the ask this message is, or 0 */
  void *user;
} trp_parked;

/* Holds m back for the actor a. Returns TROUPE_PENDING with *wait->id, or how it went instead; m is
 * then still the caller's: TROUPE_OK (there is room now, and it is taken), TROUPE_E_NOPROC,
 * TROUPE_E_WOULD_DEADLOCK, TROUPE_E_NO_MEMORY. Thread: owner of a. */
int trp_parked_add(troupe_actor *a, trp_slot *slot, trp_msg *m, const trp_send_wait *wait);

/* Admits parked sends, as many as fit, in the order of their coming. Thread: any. */
void trp_parked_admit(troupe_system *sys, trp_slot *slot, troupe_pid to);

/* Refuses every parked send of a mailbox that closes, with `stopped`. Under the slot's lock. */
void trp_parked_refuse(troupe_system *sys, trp_slot *slot, trp_queue *refused);

#endif
