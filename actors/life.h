/* The life of a generation: the state machine drawn in actors/actor.h. All transitions happen here,
 * between callbacks, on the owner's thread. */
#ifndef TRP_ACTORS_LIFE_H
#define TRP_ACTORS_LIFE_H

#include "actors/actor.h"

/* What the parent says to a child with the edge's message. */
void trp_life_start(troupe_actor *a);   /* NEW or DOWN: begins a generation */
void trp_life_release(troupe_actor *a); /* NEW or DOWN: the end; GONE afterwards */

/* Asked from outside: shutdown, to stop in order; mailbox_overflow, as its mailbox has been full;
 * killed. */
void trp_life_command(troupe_actor *a, troupe_exit_class why);
void trp_life_kill(troupe_actor *a, troupe_exit_class why); /* ends at once, without `stop` */

/* Does what callbacks have asked for: to be called after each. */
void trp_life_settle(troupe_actor *a);

/* ENDING: a child is gone; goes DOWN with the last one. */
void trp_life_child_gone(troupe_actor *a);

/* Frees a body that never became an actor, or that is GONE. */
void trp_actor_free(troupe_actor *a);

/* Whether the time of the phase is up; if so, the end has been asked for. For when the actor's
 * timers do not run. */
bool trp_life_expired(troupe_actor *a);

#endif
