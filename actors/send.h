/* The path of a message: reserve, push, or park the sender; and how a message that will not be
 * handled ends. */
#ifndef TRP_ACTORS_SEND_H
#define TRP_ACTORS_SEND_H

#include "actors/actor.h"

/* A message held back at a full mailbox; a ledger item of its sender, and a link in the receiver's
 * ring while it waits. Its grant message tells the sender how the wait ended. */
typedef struct trp_park {
  trp_item item;
  trp_msg grant;         /* TRP_MSG_ITEM to the sender */
  trp_msg *held;         /* under the slot's lock while linked */
  struct trp_park *next; /* ring, under the slot's lock */
  troupe_pid to;         /* the receiver */
  bool linked;           /* under the slot's lock */
  uint64_t ask;          /* the ask this message is, or 0 */
  void *user;
} trp_park;

/* Sends a TELL or ASK, which it takes in every case; a refused one is a dead letter.
 *   sender   NULL for a host thread and for the kernel
 *   wait_ms  how long it may park; 0: not at all
 *   ask      the ledger item when m is an ASK with one, else 0
 * Returns TROUPE_OK; TROUPE_PENDING with *park_id (may be NULL); or why it was refused. */
int trp_send(troupe_system *sys, troupe_actor *sender, trp_msg *m, uint32_t wait_ms, uint64_t ask,
             void *user, uint64_t *park_id);

/* Checks the arguments of a send and makes the message; kind_len 0: kind is a C string.
 * Returns TROUPE_OK, TROUPE_E_INVALID; TROUPE_E_TOO_BIG, TROUPE_E_NO_MEMORY (both counted). */
int trp_msg_make(troupe_system *sys, trp_msg_type type, troupe_pid to, troupe_pid from,
                 const char *kind, size_t kind_len, const void *data, size_t len, trp_msg **out);

/* Admits parked senders, as many as fit. Thread: any. */
void trp_send_grant(troupe_system *sys, trp_slot *slot, troupe_pid to);

/* Returns the room a message had, and admits whom that lets in. Thread: any. */
void trp_send_release(troupe_system *sys, trp_slot *slot, troupe_pid to, uint64_t bytes);

/* Refuses every parked send of a mailbox that closes, with `stopped`. Under the slot's lock. */
void trp_send_refuse_parked(troupe_system *sys, trp_slot *slot, trp_queue *refused);

/* Counts a TELL or ASK that was never made, because it would be too big or there is no memory: a
 * dead letter without its payload. */
void trp_send_unmade(troupe_system *sys, troupe_dead_reason why, troupe_pid to, troupe_pid from,
                     const char *kind, size_t kind_len);

/* Ends a TELL or ASK that will not be handled: returns its room, counts a dead letter, answers the
 * asker with code and reason (borrowed; may be NULL). Takes m. Thread: any. */
void trp_send_bury(troupe_system *sys, trp_msg *m, troupe_dead_reason dead, int code,
                   trp_reason *reason);

/* Turns an ASK that has been handled into the reply, with this code, and sends it. Takes m; its
 * room is returned already. No memory is needed. */
void trp_send_answer(troupe_system *sys, trp_msg *m, int code);

/* Pushes m to m->to without a reservation. False: nobody is there, m is still the caller's. */
bool trp_send_push(troupe_system *sys, trp_msg *m);
/* The same; if nobody is there it is dropped. Takes m. */
void trp_send_signal(troupe_system *sys, trp_msg *m);
/* Frees a signal that nobody waits for any more, and counts it: a reply as a dead letter. */
void trp_send_drop(troupe_system *sys, trp_msg *m);

/* Makes the stop and the kill of a new body. */
void trp_commands_init(troupe_actor *a);

/* Takes a park whose wait is over off the ring, if it still is there. True: it was. */
bool trp_park_unlink(troupe_system *sys, trp_park *p);

#endif
