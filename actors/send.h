/* The path of a message: room, push, or what the receiver's overflow policy says; and how a message
 * that will not be handled ends. */
#ifndef TRP_ACTORS_SEND_H
#define TRP_ACTORS_SEND_H

#include "actors/actor.h"
#include "actors/room.h"

/* How a sender would wait for room. */
typedef struct trp_send_wait {
  uint32_t ms;  /* at most; 0: not at all */
  uint64_t ask; /* the ledger item when the message is an ASK of the sender's, else 0 */
  void *user;   /* for the event that ends the wait of a TELL */
  uint64_t *id; /* receives the parked send; may be NULL */
} trp_send_wait;

/* Sends a TELL or ASK, which it takes in every case; a refused one is a dead letter. With wait->ask
 * the caller ends that ask as the result says; without, the asker of an ask that is forwarded is
 * told by a reply.
 *   sender  NULL for a host thread and for the kernel
 * Returns TROUPE_OK; TROUPE_PENDING with *wait->id; or why it was refused. */
int trp_send(troupe_system *sys, troupe_actor *sender, trp_msg *m, const trp_send_wait *wait);

/* Gives a new message the priority that the options say. */
static inline void trp_send_prioritize(trp_msg *m, const troupe_send_opts *opts) {
  if (opts->priority == TROUPE_PRIORITY_HIGH) m->lane = TRP_LANE_HIGH;
}

/* Checks the arguments of a send and makes the message; kind_len 0: kind is a C string.
 * Returns TROUPE_OK, TROUPE_E_INVALID; TROUPE_E_TOO_BIG, TROUPE_E_NO_MEMORY (both counted). */
int trp_msg_make(troupe_system *sys, trp_msg_type type, troupe_pid to, troupe_pid from,
                 const char *kind, size_t kind_len, const void *data, size_t len, trp_msg **out);

/* The same with a payload that is shared; of another system: TROUPE_E_INVALID. */
int trp_msg_make_shared(troupe_system *sys, trp_msg_type type, troupe_pid to, troupe_pid from,
                        const char *kind, size_t kind_len, troupe_payload *payload, trp_msg **out);

/* Sends an actor's TELL, with the options of its public call. */
int trp_send_told(troupe_actor *self, trp_msg *m, const troupe_send_opts *opts, uint64_t *id);

/* Returns the room that a TELL or ASK has taken, if it has, and admits whom that lets in. Thread:
 * any. */
void trp_send_release(troupe_system *sys, trp_msg *m);

/* Tells of a water mark that the mailbox has passed, if it has. A hook runs: not under a lock.
 * Thread: any. */
void trp_send_turned(troupe_system *sys, trp_slot *slot, troupe_pid of, trp_room_turn turn);
static inline void trp_send_look(troupe_system *sys, trp_slot *slot, troupe_pid of) {
  trp_room_turn turn = trp_room_look(slot);
  if (turn != TRP_ROOM_LEVEL) trp_send_turned(sys, slot, of, turn);
}

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

/* Makes the command of a new body. */
void trp_command_init(troupe_actor *a);
/* What its command asks for, which the owner has in hand: it may be sent again. */
troupe_exit_class trp_command_take(troupe_actor *a);
static inline bool trp_command_is_kill(const troupe_actor *a) {
  /* acquire: pairs with the exchange in ask_for(). Thread: owner, and the tick on it */
  return atomic_load_explicit(&a->command.out, memory_order_acquire) == 1 + TROUPE_EXIT_KILLED;
}

#endif
