/* The port: an actor that asks on behalf of host threads. */
#ifndef TRP_ACTORS_PORT_H
#define TRP_ACTORS_PORT_H

#include "actors/actor.h"

int trp_port_spawn(troupe_system *sys);
/* Handles a host's request; takes m. Thread: owner. */
void trp_port_receive(troupe_actor *a, trp_msg *m);

#endif
