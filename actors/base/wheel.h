/* A hierarchical timing wheel: keeps nodes by time and hands them out when it has come. Pure: no
 * clock, no lock, no allocation; nodes are part of what waits, so putting one in cannot fail.
 *
 * A tick is one nanosecond, so times are exact: no node comes early, none late, and all come in the
 * order of their times (equal ones in the order they were put in, but for those put in while a pop
 * has used up its moves). Eleven levels of 64 slots hold every 64-bit time: nothing wraps.
 *
 * Insert, remove and update O(1). A node is moved at most once for each level, ten times in all,
 * however far away it was. What is due at one time may be many nodes and what lies in one slot too:
 * trp_wheel_pop therefore stops after as many moves as its caller allows.
 *
 * Thread: whoever owns the wheel. */
#ifndef TRP_BASE_WHEEL_H
#define TRP_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "actors/base/list.h"

#define TRP_WHEEL_LEVELS 11
#define TRP_WHEEL_SLOTS 64

typedef struct trp_wheel_node {
  trp_link link;
  uint64_t at_ns;
  uint16_t place; /* level and slot; of wheel.c */
} trp_wheel_node;

typedef struct trp_wheel_slot {
  trp_list nodes;
  uint64_t first_ns; /* no node in here is earlier; exact unless the earliest was removed */
} trp_wheel_slot;

typedef struct trp_wheel {
  uint64_t reached_ns;             /* every node before this has been handed out */
  uint64_t used[TRP_WHEEL_LEVELS]; /* bit n: slot n of the level has nodes */
  trp_list moving;                 /* a slot's nodes on their way to lower levels */
  trp_wheel_slot slots[TRP_WHEEL_LEVELS][TRP_WHEEL_SLOTS];
} trp_wheel;

/* Must not move in memory afterwards. There is nothing to give back. */
void trp_wheel_init(trp_wheel *w);

void trp_wheel_node_init(trp_wheel_node *node);
bool trp_wheel_node_inside(const trp_wheel_node *node);

/* The node must be outside of every wheel. A time that has passed is due at once. */
void trp_wheel_insert(trp_wheel *w, trp_wheel_node *node, uint64_t at_ns);
/* Does nothing when the node is outside. */
void trp_wheel_remove(trp_wheel *w, trp_wheel_node *node);
/* Moves a node, which may be outside, to another time. */
void trp_wheel_update(trp_wheel *w, trp_wheel_node *node, uint64_t at_ns);

/* When to look again; UINT64_MAX: the wheel is empty. No node is earlier. The first one is exactly
 * then, unless an earlier one was removed: each removed node makes a caller look in vain once at
 * most, and nothing else does. */
uint64_t trp_wheel_next(const trp_wheel *w);

/* Takes out the first node that is due at now_ns, which must never go back. NULL: none is, or
 * *moves, which counts down, is 0: then the work is to be gone on with. */
trp_wheel_node *trp_wheel_pop(trp_wheel *w, uint64_t now_ns, unsigned *moves);

#endif
