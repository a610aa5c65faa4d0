/* Monitors: exactly one `down` when a logical actor is gone for good. The watcher's request is a
 * message that the target keeps; at the target's end it comes back as the `down`, without memory.
 */
#ifndef TRP_ACTORS_MONITOR_H
#define TRP_ACTORS_MONITOR_H

#include "actors/actor.h"

/* True while the watcher still wants to know. */
bool trp_monitor_active(const troupe_actor *a, uint64_t id);
/* At the target: keeps a WATCH for this actor, takes it. */
void trp_monitor_watched(troupe_actor *a, trp_msg *watch);
/* At the target: forgets it again, at once however many there are. The UNWATCH that names it comes
 * on the same lane from the same sender, so the WATCH is here, unless the target is gone: then the
 * UNWATCH is not for it. */
void trp_monitor_unwatch(troupe_actor *a, trp_msg *watch);
/* Sends a WATCH back as the `down` with this reason, which it refs; takes m. */
void trp_monitor_down(troupe_system *sys, trp_msg *m, trp_reason *why);

#endif
