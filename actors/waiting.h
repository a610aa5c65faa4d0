/* The waiting graph: who can do nothing before whom.
 *
 * An actor that asks, or waits for room, and handles no message meanwhile publishes an edge to the
 * one it waits for: one word of its slot, beside a number that counts its waits. It has one edge at
 * a time; the graph is walked along them. A wait that would close a cycle is refused, as nobody in
 * it could ever go on.
 *
 *   W1  an edge is published before the message is sent, and looked at after: of two that ask each
 *       other at once one at least sees the other (both operations are seq_cst); both may be
 * refused W2  whoever ends the wait takes the edge away before it tells the waiting one: by the
 * answer, by the grant, by the refusal; or the waiting one itself does, by its deadline and its end
 *   W3  a cycle is one only if a second walk finds the same waits: then all of them existed at
 * once, between the two
 *
 * A late answer may take the edge of a later wait for the same actor away. Then, and where several
 * tasks of one actor wait, a cycle can be missed, and ends with its deadlines. */
#ifndef TRP_ACTORS_WAITING_H
#define TRP_ACTORS_WAITING_H

#include "actors/actor.h"

/* Publishes that the actor waits for `on`, with the ledger item `id`, unless it waits already.
 * Returns TROUPE_OK, or TROUPE_E_WOULD_DEADLOCK: nothing is published. Thread: owner. */
int trp_waiting_begin(troupe_actor *a, troupe_pid on, uint64_t id);

/* The item `id` waits no more. Thread: owner. */
void trp_waiting_end(troupe_actor *a, uint64_t id);

/* The actor `who` does not wait for `on` any more, if it did. Thread: any. */
void trp_waiting_settle(troupe_system *sys, troupe_pid who, troupe_pid on);

/* It waits for `to` now, not for `on`. Returns as trp_waiting_begin; refused, it still waits for
 * `to`, and is to be told. Thread: any. */
int trp_waiting_move(troupe_system *sys, troupe_pid who, troupe_pid on, troupe_pid to);

#endif
