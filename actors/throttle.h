/* The throttle: processor time in each second, for an actor and all that it spawned together.
 *
 * Each slice of a throttled actor is charged, with the time of its thread's processor clock, to its
 * bucket and to every bucket above. One that begins while any of them is empty does not run: the
 * actor is *held* until its actor timer says that there is something again. Nothing turns round
 * meanwhile.
 *
 * While it is held, what is the kernel's own goes on: stop and kill, deadlines of its phase, those
 * who watch it. Everything that would run its code waits: messages in the line (where the bounds of
 * the mailbox hold as ever), replies, timers, news of children, a callback that gave way. An actor
 * that is stopping is not held: shutdown_ms bounds that.
 *
 *   T1  everything used is charged, also by a slice that ends the actor; the debt is waited for
 *   T2  more than the rate is used by one slice for each worker at most, before it is waited for
 *
 * With a host's clock (a virtual one) that clock stands for the processor's, so that runs replay.
 * An actor without a throttle pays one comparison; one with it reads the processor clock twice a
 * slice (517 ns each). */
#ifndef TRP_ACTORS_THROTTLE_H
#define TRP_ACTORS_THROTTLE_H

#include <pthread.h>

#include "actors/actor.h"
#include "actors/base/bucket.h"

typedef struct trp_throttle {
  pthread_mutex_t lock; /* a leaf; guards `bucket` */
  trp_bucket bucket;
  struct trp_throttle *parent; /* outlives this one, or NULL */
} trp_throttle;

void trp_throttle_init(trp_throttle *t, uint64_t ms_per_s, trp_throttle *parent);
void trp_throttle_fini(trp_throttle *t);

/* From now on the actor is held to it; NULL: to none. For a behaviour's `init`. Borrowed until the
 * actor is gone. Thread: owner. */
void trp_actor_throttle(troupe_actor *a, trp_throttle *t);

/* ---- for actors/run.c ---------------------------------------------------------------------- */

/* A slice begins: is the actor held? And it has ended, or is about to: charges it. */
void trp_throttle_begin(troupe_actor *a);
void trp_throttle_charge(troupe_actor *a);

static inline bool trp_throttle_holds(const troupe_actor *a) {
  return a->held_until_ns && !a->exit_asked &&
         (a->phase == TRP_STARTING || a->phase == TRP_RUNNING);
}

/* Held: takes the actor's own tick out of its lane unhandled. Its timer is armed anew, and what is
 * due comes up when the actor runs again. */
void trp_throttle_take_tick(troupe_actor *a);
/* Held: the next control message that is the kernel's own, or NULL. News of children, which run the
 * actor's code, are put off. */
trp_msg *trp_throttle_control(troupe_actor *a);
/* Not held: what was put off comes first. */
void trp_throttle_catch_up(troupe_actor *a);

/* When the actor's timer has to wake it next; 0: not at all. */
uint64_t trp_throttle_next(const troupe_actor *a);

#endif
