/* The inbox: a list that anyone pushes to and only the owner takes, whole.
 *
 * The head word is the newest message and, in its two low bits, what a push has to do:
 *
 *   RUNNING  somebody owns the actor or it is queued to run: just push
 *   PARKED   empty and idle: any push wakes
 *   WAITING  idle inside a wait: only a control or resume message wakes; others pile up
 *   CLOSED   the actor is gone: the push fails
 *
 * The push that clears PARKED or WAITING schedules the actor; nothing else does. */
#ifndef TRP_ACTORS_INBOX_H
#define TRP_ACTORS_INBOX_H

#include "actors/actor.h"

#define TRP_INBOX_RUNNING ((uintptr_t)0)
#define TRP_INBOX_PARKED ((uintptr_t)1)
#define TRP_INBOX_WAITING ((uintptr_t)2)
#define TRP_INBOX_CLOSED ((uintptr_t)3)
#define TRP_INBOX_TAG ((uintptr_t)3)

/* The newest message of a head word. */
static inline trp_msg *trp_inbox_newest(uintptr_t head) {
  return (trp_msg *)(head & ~TRP_INBOX_TAG); /* NOLINT(performance-no-int-to-ptr): tagged pointer */
}

/* Pushes; wakes the actor if that is due. False: closed, the message is still the caller's.
 * Thread: any; lock-free but for the wake. */
bool trp_inbox_push(troupe_system *sys, trp_slot *slot, trp_msg *m);

/* Wakes the actor if it is idle, as a push would: its shared line has got something
 * (actors/line.h). Thread: any, holding the slot's lock. */
void trp_inbox_wake(troupe_system *sys, trp_slot *slot);

/* Moves what has arrived into the lanes, oldest first. Thread: owner. */
void trp_inbox_take(troupe_actor *a);

/* Gives up ownership with the tag PARKED or WAITING, unless something arrived: then false and the
 * caller goes on. After true the actor may be running elsewhere. Thread: owner. */
bool trp_inbox_park(trp_slot *slot, uintptr_t tag);

/* Closes it and moves the rest into the lanes. Thread: owner, holding the slot's lock. */
void trp_inbox_close(troupe_actor *a);

#endif
