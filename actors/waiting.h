/* The waiting graph: who can do nothing before whom. Asks and parked sends that would close a cycle
 * are refused at once with `would_deadlock`, instead of ending at their deadlines.
 *
 * An actor has at most one edge, in its slot: to the actor that it asks, or in whose full mailbox
 * its message has no room. It has one only while it is blocked, and by nothing else: one that takes
 * messages meanwhile, or that something else may continue, is nobody's deadlock.
 *
 *   E1  the owner publishes the edge before it sends, and takes it back when its wait is over
 *   E2  whoever settles the wait, by an answer, a refusal or a grant, takes it back before that is
 *       pushed; so what happens because of the settling never meets the edge
 *   E3  an edge names its wait: nobody takes back or re-points that of another one
 *   E4  of two that publish the last edges of a cycle at once, at least one sees the other's
 *
 * A cycle is found by a walk along the edges and confirmed by a second one, which must find the
 * same waits: then all of them were there between the two. Both actors of two crossing asks may be
 * refused. A cycle of more than TRP_WAITING_HOPS actors is not found.
 *
 * Locks: none. */
#ifndef TRP_ACTORS_WAITING_H
#define TRP_ACTORS_WAITING_H

#include "actors/actor.h"

#define TRP_WAITING_HOPS 1000

/* The actor is about to send what it waits for, under the ledger item `id`. Returns TROUPE_OK, or
 * TROUPE_E_WOULD_DEADLOCK: it must not be sent. Thread: owner. */
int trp_waiting_begin(troupe_actor *a, troupe_pid to, uint64_t id);

/* The actor does not wait for this item any more; 0: for nothing. Thread: owner. */
void trp_waiting_end(troupe_actor *a, uint64_t id);

/* What `waiter` waits for under its item `id` is about to be pushed to it. Thread: any. */
void trp_waiting_settle(troupe_system *sys, troupe_pid waiter, uint64_t id);

/* It is about to be handed on to another actor. Returns TROUPE_OK, or TROUPE_E_WOULD_DEADLOCK: that
 * one waits for `waiter`. Thread: any that has the message. */
int trp_waiting_repoint(troupe_system *sys, troupe_pid waiter, uint64_t id, troupe_pid to);

/* Of a blocked actor whose behaviour has several tasks: whether something that is not on the ledger
 * may continue one of them. Thread: owner. */
static inline void trp_waiting_several(troupe_actor *a, bool several) {
  a->waits_several = several;
}

#endif
