/* Monitors: exactly one `down` when a logical actor is gone for good. The watcher's request is a
 * message that the target keeps; at the target's end it comes back as the `down`, without memory.
 * The request to forget it is part of the watcher's item, and comes back too.
 */
#ifndef TRP_ACTORS_MONITOR_H
#define TRP_ACTORS_MONITOR_H

#include "actors/actor.h"

/* True while the watcher still wants to know. */
bool trp_monitor_active(const troupe_actor *a, uint64_t id);
/* The `down` has come, whether somebody still wanted it or not. */
void trp_monitor_over(troupe_actor *a, uint64_t id);

/* At the target: takes a WATCH that arrived, and keeps it when it is for this actor. */
void trp_monitor_watched(troupe_actor *a, trp_msg *watch);
/* At the target: takes an UNWATCH, forgets the WATCH it names, at once however many there are, and
 * gives it back. It came on the same lane from the same sender, so the WATCH is here, unless the
 * target is gone: then the UNWATCH is not for this actor. */
void trp_monitor_unwatched(troupe_actor *a, trp_msg *unwatch);
/* Sends a WATCH back as the `down` with this reason, which it refs; takes m. */
void trp_monitor_down(troupe_system *sys, trp_msg *m, trp_reason *why);

#endif
