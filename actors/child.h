/* The edge from a parent to a child, and the one message that goes back and forth on it.
 *
 * The message is part of the edge, so no end of an actor ever needs memory; nor does a start, for
 * which there is a second one. It is with exactly one
 * side: START to the child; EXITED to the parent when the generation has ended; START or RELEASE as
 * the answer; GONE to the parent at last, who then frees the edge. A host thread's spawn sends it
 * as ADOPT to the guardian first.
 *
 * A parent without a `child` callback only lets go of what has ended: it is not told of starts, and
 * of a clean end by GONE alone. */
#ifndef TRP_ACTORS_CHILD_H
#define TRP_ACTORS_CHILD_H

#include "actors/actor.h"

typedef enum trp_edge_code {
  TRP_EDGE_ADOPT,   /* host -> guardian */
  TRP_EDGE_START,   /* parent -> child */
  TRP_EDGE_RELEASE, /* parent -> child */
  TRP_EDGE_EXITED,  /* child -> parent */
  TRP_EDGE_GONE     /* child -> parent */
} trp_edge_code;

struct troupe_child {
  trp_item item; /* on the parent's ledger; its deadline ends in a kill */
  trp_msg msg;
  troupe_pid child, parent;
  const troupe_actor *body; /* of the child; there until it is released */
  uint64_t item_id;         /* what the child calls itself when it speaks to the parent */
  uint32_t generation;
  /* The newest generation that the parent wants stopped, killed. The message that says so may come
   * before the START of that generation, when it had been on its way already: so START looks. */
  _Atomic uint32_t stop_generation, kill_generation;
  uint32_t shutdown_ms;
  bool unheard;  /* the parent has no `child` callback: there is no `started` */
  bool exited;   /* the message is with the parent, who owes an answer */
  bool stopping; /* a stop has been sent in this generation */
  void *user;
  trp_msg started; /* the parent has handled it long before the next, as EXITED comes between */
};

/* An edge; NULL: no memory. */
struct troupe_child *trp_child_new(troupe_system *sys, bool unheard);
void trp_child_free(troupe_system *sys, struct troupe_child *c); /* NULL is fine */

/* Handles an edge message at its receiver. After RELEASE the actor is GONE. */
void trp_child_receive(troupe_actor *a, trp_msg *m);
/* Says how many ends of children the log was not told. */
void trp_child_reports_flush(troupe_actor *a);
/* The child with this ledger item has started. */
void trp_child_started(troupe_actor *a, uint64_t id);

/* The child becomes the actor's, and starts; or, with an error, ends at once (its GONE still
 * comes). */
int trp_child_adopt(troupe_actor *a, troupe_child *c);
/* An ADOPT that finds no guardian any more: the child ends and frees the edge itself. */
void trp_child_orphan(troupe_system *sys, trp_msg *m);

/* Why the generation that begins is to end at once, as its parent has said meanwhile; or NULL. */
trp_reason *trp_child_early(const troupe_actor *a);

/* Child to parent. */
void trp_child_tell_started(troupe_actor *a);
void trp_child_tell_parent(troupe_actor *a, trp_edge_code code);

/* Parent in ENDING: stops (or kills) every child. */
void trp_child_end_all(troupe_actor *a, bool kill);

/* The common part of all spawns. parent NULL: under the guardian. */
int trp_spawn(troupe_system *sys, troupe_actor *parent, const troupe_spawn_opts *opts,
              troupe_pid *pid, troupe_child **child);
/* A root actor: no parent. For the system's own. */
int trp_spawn_root(troupe_system *sys, const troupe_spawn_opts *opts, troupe_pid *pid,
                   bool unlimited_asks);

#endif
