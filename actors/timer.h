/* An actor's timers: items on its ledger. One that fires as a message is that message. */
#ifndef TRP_ACTORS_TIMER_H
#define TRP_ACTORS_TIMER_H

#include "actors/actor.h"

/* Takes a TIMER message off the line: fills in what the behaviour gets, or returns false for one
 * that was cancelled or replaced meanwhile, or that the messages before it have put off. */
bool trp_timer_take(troupe_actor *a, trp_msg *m, troupe_message *out);

/* A message has been handled: idle times begin anew. They are looked at when they seem to be over,
 * so that a message costs no more than this. */
void trp_timer_heard(troupe_actor *a);
/* The actor is blocked from here on, or no more: meanwhile idle times stand still. */
void trp_timer_waits(troupe_actor *a, bool blocked);

#endif
