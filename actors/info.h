/* Inquiries: a control message that an actor fills in and sends back. It carries its answer's
 * memory, so an actor answers also without any, and each is an open ask of the asker, which bounds
 * them. */
#ifndef TRP_ACTORS_INFO_H
#define TRP_ACTORS_INFO_H

#include <troupe/info.h>

#include "actors/actor.h"

/* A TRP_MSG_INFO with room for the answer, or NULL. */
trp_msg *trp_info_new(troupe_system *sys, troupe_pid of, troupe_pid from);

/* Asks with a message made before; takes m. As troupe_info_ask. */
int trp_info_start(troupe_actor *a, trp_msg *m, void *user, uint64_t *id);

/* An actor has taken an inquiry off its inbox, or off the one of an earlier holder of its slot:
 * answers it. Takes m. */
void trp_info_answer(troupe_actor *a, trp_msg *m);

#endif
