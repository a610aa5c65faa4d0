/* The ledger: everything a generation owns outside its heap, or waits for.
 *
 * Asks, parked messages, timers, monitors, children, tool calls, kept asks: each is an item with an
 * id and perhaps a deadline. When the generation ends, however it does, the kernel settles every
 * item and asserts that none is left. Ids are never reused within a logical actor, so an answer to
 * an earlier generation finds nothing. The earliest deadline is what the actor asks of the timers.
 *
 * The newest item is kept apart, and filed when another comes: an actor that waits for one thing at
 * a time, as most do, needs no memory here and searches nothing.
 *
 * Thread: owner; inside a native half when actor code calls. */
#ifndef TRP_ACTORS_LEDGER_H
#define TRP_ACTORS_LEDGER_H

#include "actors/base/heap.h"
#include "actors/base/list.h"
#include "actors/base/map.h"
#include "actors/message.h"
#include "actors/points.h"

typedef struct trp_item trp_item;

typedef struct trp_item_ops {
  const char *name;
  uint32_t limit; /* how many of these an actor may have that has no limit of its own; 0: any */
  troupe_limit counts_as; /* the limit that a refusal is counted for */
  uint8_t index;          /* distinct per ops, < TRP_ITEM_KINDS: counts live here */
  /* Takes a TRP_MSG_ITEM message addressed to the item; NULL: such messages are dropped. */
  void (*deliver)(troupe_actor *a, trp_item *it, trp_msg *m);
  /* The deadline has come; the item has none any more. */
  void (*expire)(troupe_actor *a, trp_item *it);
  /* The generation ends: the item is off the ledger; release everything, also the item itself. */
  void (*settle)(troupe_actor *a, trp_item *it);
} trp_item_ops;

typedef enum trp_item_kind {
  TRP_ITEM_ASK,
  TRP_ITEM_PARK,
  TRP_ITEM_TIMER,
  TRP_ITEM_MONITOR,
  TRP_ITEM_KEPT,
  TRP_ITEM_CHILD,
  TRP_ITEM_CALL,    /* tools/ */
  TRP_ITEM_SCRATCH, /* scripting/: a buffer being filled */
  TRP_ITEM_KINDS
} trp_item_kind;

struct trp_item { /* embed it first */
  trp_link link;
  trp_heap_node due; /* key: ns */
  uint64_t id;
  const trp_item_ops *ops;
  size_t bytes; /* memory kept for it, set before it is added; 0: not worth counting */
  bool timed;   /* has had a deadline: there is always room for another */
  bool wakes;   /* set before it is added: its end is told also to a blocked actor, by `resume` */
};

typedef struct trp_ledger trp_ledger;

/* What a ledger has from its first item on: an actor that waits for nothing takes less memory. */
typedef struct trp_book {
  trp_list items;
  trp_item *newest; /* or NULL. Not among the following, and `due.key` is its deadline or 0 */
  trp_map by_id;    /* the others */
  trp_heap due;     /* those of them with a deadline */
  uint32_t timed;   /* how many of them are timed: `due` has room for so many */
  uint32_t wakers;  /* items that are `wakes` */
  uint32_t count[TRP_ITEM_KINDS];
  uint32_t limit[TRP_ITEM_KINDS]; /* of this actor; 0: as the ops say */
  bool unlimited;                 /* the host port: it asks for everybody outside */
  size_t bytes;                   /* of all items */
  /* Told of each change of `bytes`, or NULL. It must not touch the ledger. */
  void (*on_bytes)(trp_ledger *l, size_t more, size_t less);
} trp_book;

struct trp_ledger {
  const troupe_allocator *al;
  trp_book *book;             /* NULL: nothing has been on it yet */
  _Atomic uint64_t *refusals; /* the system's counters, by troupe_limit; NULL: not counted */
  uint64_t next_id;           /* survives generations */
#if defined(TROUPE_ASSERTS)
  const trp_points *points; /* of the test that watches, or NULL */
#endif
};

void trp_ledger_init(trp_ledger *l, const troupe_allocator *al);
void trp_ledger_fini(trp_ledger *l); /* must be empty */

/* The book, made if need be; NULL: no memory. */
trp_book *trp_ledger_open(trp_ledger *l);
/* The first item, or NULL. */
trp_item *trp_ledger_first(const trp_ledger *l);

/* Puts an item on the ledger and gives it an id.
 *   deadline_ns  absolute; 0: none; UINT64_MAX: none yet, but setting one later cannot fail
 * Returns TROUPE_OK, TROUPE_E_LIMIT, TROUPE_E_NO_MEMORY; on an error the item is still the
 * caller's. */
int trp_ledger_add(trp_ledger *l, trp_item *it, const trp_item_ops *ops, uint64_t deadline_ns);
/* Gives an item on the ledger a new id and another deadline, as if removed and added: the old id is
 * unknown from here on. Never fails; the item must have had a deadline. */
void trp_ledger_renew(trp_ledger *l, trp_item *it, uint64_t deadline_ns);
/* The item on the ledger keeps as many bytes from now on. */
void trp_ledger_resize(trp_ledger *l, trp_item *it, size_t bytes);
/* Says whether its end is told to a blocked actor, of an item on the ledger. */
void trp_ledger_set_wakes(trp_ledger *l, trp_item *it, bool wakes);
/* Takes it off; the item is the caller's again. */
void trp_ledger_remove(trp_ledger *l, trp_item *it);
trp_item *trp_ledger_find(const trp_ledger *l, uint64_t id);
/* Changes the deadline; 0: none. Never fails for an item that has had one; otherwise
 * TROUPE_E_NO_MEMORY. */
int trp_ledger_set_deadline(trp_ledger *l, trp_item *it, uint64_t deadline_ns);
/* The earliest deadline, or 0. */
uint64_t trp_ledger_next(const trp_ledger *l);
/* The first item due at now, which has no deadline any more, or NULL. Items newer than the id
 * `newest` are left, and may hide others that are due. */
trp_item *trp_ledger_pop_due(trp_ledger *l, uint64_t now_ns, uint64_t newest);

#endif
