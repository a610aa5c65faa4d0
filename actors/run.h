/* Running an actor: one slice on a worker, and the entries into its behaviour through the frame. */
#ifndef TRP_ACTORS_RUN_H
#define TRP_ACTORS_RUN_H

#include "actors/actor.h"
#include "actors/sched.h"

/* Runs an actor that the caller took off the run queue: until its mailbox is empty, its batch is
 * used or its slice ends. Afterwards the actor belongs to nobody, or to the queue, or is freed. */
void trp_actor_run(trp_worker *w, troupe_actor *a);

/* What it has spent in slices, the running one included; 0 for behaviours without `info`. */
uint64_t trp_run_time_ns(troupe_actor *a);

/* The behaviour's callbacks, inside the frame. They return also when the actor was left. */
int trp_run_init(troupe_actor *a);
int trp_run_stop(troupe_actor *a);
void trp_run_close(troupe_actor *a);
void trp_run_child(troupe_actor *a, troupe_child *child, troupe_child_event event);

#endif
