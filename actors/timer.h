/* An actor's timers: items on its ledger. One that fires as a message is that message. */
#ifndef TRP_ACTORS_TIMER_H
#define TRP_ACTORS_TIMER_H

#include "actors/actor.h"

/* Takes a TIMER message off the line: fills in what the behaviour gets, or returns false for one
 * that was cancelled meanwhile. */
bool trp_timer_take(troupe_actor *a, trp_msg *m, troupe_message *out);

#endif
