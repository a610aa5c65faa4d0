/* The line: what an actor handles one after the other, and which of it is next.
 *
 * Messages of high priority, then the line itself: messages and the signals that start a handler,
 * in one order. At most 32 of high priority are served in a row while something waits in the line;
 * a `down` waits for those of high priority that had arrived before it.
 *
 * Everything here is the owner's alone, but for mailboxes that drop their oldest message: there a
 * sender takes that message out, so both lanes and what was skipped are under the slot's lock (the
 * line is *shared*), and senders put messages in directly. Its inbox carries only what goes before
 * the line. The message in hand has no room in such a mailbox: there is always an older one to
 * drop.
 */
#ifndef TRP_ACTORS_LINE_H
#define TRP_ACTORS_LINE_H

#include "actors/actor.h"

/* ---- thread: owner ------------------------------------------------------------------------- */

/* Sorts a message that has arrived into its lane. A shared line: under the lock. */
void trp_line_sort(troupe_actor *a, trp_msg *m);

/* Appends a signal of the actor's own. */
void trp_line_push(troupe_actor *a, trp_msg *m);
/* Takes the next one, or NULL. */
trp_msg *trp_line_next(troupe_actor *a);
/* Puts back what `receive` has skipped. False: its room is taken, m is still the caller's. */
bool trp_line_skip(troupe_actor *a, trp_msg *m);
/* A message has been handled: its room goes back together with that of others, which spares it a
 * write to the slot of its own. At most a 32nd of the mailbox's room is held back so, and none by
 * an actor that does not run. */
void trp_line_done(troupe_actor *a, trp_msg *m);
/* Gives back what is held back, and admits whom that lets in. At the end of each slice. */
void trp_line_flush(troupe_actor *a);
/* Offers again what was skipped: it is older than what is in its lane. */
void trp_line_rescan(troupe_actor *a);
/* Frees the signals, which only the generation that ends has waited for. */
void trp_line_drop_signals(troupe_actor *a);
/* Gives up ownership, as trp_inbox_park. False also when tag is PARKED and there is something. */
bool trp_line_park(troupe_actor *a, uintptr_t tag);

/* ---- thread: any --------------------------------------------------------------------------- */

/* Sends to a mailbox that drops its oldest message: as many as it takes, which become dead letters.
 * Returns TROUPE_OK; TROUPE_E_DROPPED: dropping others would not make room; TROUPE_E_TOO_BIG,
 * TROUPE_E_NOPROC. Takes m on TROUPE_OK only. */
int trp_line_send(troupe_system *sys, trp_slot *slot, trp_msg *m);

/* Puts a signal into a line that may be shared. False: nobody is there, m is still the caller's. */
bool trp_line_signal(troupe_system *sys, trp_slot *slot, trp_msg *m);

#endif
