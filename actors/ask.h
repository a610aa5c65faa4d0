/* Asks: an item on the asker's ledger, a message at the other side, one answer. */
#ifndef TRP_ACTORS_ASK_H
#define TRP_ACTORS_ASK_H

#include "actors/actor.h"

/* Starts an ask with a message made before; takes m. As troupe_actor_ask. */
int trp_ask_start(troupe_actor *a, trp_msg *m, uint32_t timeout_ms, uint32_t wait_ms, void *user,
                  uint64_t *id);

/* Opens an ask without a deadline; the caller sends the message, which carries the id and needs no
 * room. Returns TROUPE_OK, TROUPE_E_LIMIT, TROUPE_E_NO_MEMORY. */
int trp_ask_open(troupe_actor *a, void *user, uint64_t *id);

/* Ends an open ask of the actor with an error. Unknown ids are ignored. */
void trp_ask_fail(troupe_actor *a, uint64_t id, int code);

/* Ends the message that `receive` has returned from, as its verdict says; without one it is
 * handled, and an ask answered with nothing. */
void trp_ask_conclude(troupe_actor *a);

/* Ends the message in hand because the generation ends: only without a verdict is it lost. */
void trp_ask_abandon(troupe_actor *a);

#endif
