/* Replay: the schedule of a system without threads drawn from one seed, and a record of what
 * happens in it.
 *
 * With `workers = 0` and a virtual clock a system does nothing by chance: the same calls bring the
 * same results. Replay adds the chances that threads would add, but from a seed: which of the
 * runnable actors is next, and how many messages its slice has. It tells each event of consequence
 * to whoever tests, in order, and folds all of them into one hash: one seed, one hash. Everything
 * in an event is a pid, an id, a time or a byte of a message; nothing is an address.
 *
 * It is compiled in always, so that what is tested is what ships. A system without it pays one
 * branch, on a pointer that never changes, for each event and each slice.
 *
 * Thread: the one that steps the system. */
#ifndef TRP_ACTORS_REPLAY_H
#define TRP_ACTORS_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include <troupe/types.h>

#include "actors/base/rand.h"
#include "actors/message.h"

/* X(NAME, "what `id` is", "what `code` is"); `who` is the actor it happens to, `with` the other. */
#define TRP_EVENT_MAP(X)                                                                           \
  X(SPAWNED, "", "")                                                                               \
  X(NAMED, "hash of the name", "")                                                                 \
  X(STARTING, "generation", "") /* before init */                                                  \
  X(STARTED, "generation", "")                                                                     \
  X(STOPPING, "generation", "exit class")                                                          \
  X(ENDED, "generation", "exit class")                                                             \
  X(UNNAMED, "hash of the name", "")                                                               \
  X(GONE, "generation", "exit class")                                                              \
  X(SLICE, "", "steps after the first")                                                            \
  X(ACCEPTED, "of the ask, or 0", "") /* `with` has put a message into the mailbox of `who` */     \
  X(PARKED, "of the ask, or 0", "")   /* it waits for room there */                                \
  X(DELIVERED, "of the ask, or 0", "")                                                             \
  X(HANDLED, "of the ask, or 0", "")                                                               \
  X(DEAD, "of the ask, or 0", "troupe_dead_reason")                                                \
  X(ASK_ENDED, "of the ask", "error code") /* the asker, who is told */                            \
  X(ASK_LEFT, "of the ask", "")            /* the asker's generation has ended */                  \
  X(PARK_ENDED, "of the park", "error code")                                                       \
  X(DOWN, "of the monitor", "exit class") /* `who` is told that `with` is gone */                  \
  X(TIMER, "of the timer", "how many ticks were missed")
typedef enum trp_event_type {
#define X(name, id, code) TRP_EVENT_##name,
  TRP_EVENT_MAP(X)
#undef X
      TRP_EVENT_TYPES
} trp_event_type;

typedef struct trp_event {
  trp_event_type type;
  uint64_t at_ns;
  troupe_pid who, with;
  uint64_t id;
  int64_t code;
} trp_event;

typedef struct trp_replay {
  trp_rand rand;
  uint64_t hash;
  /* Told of each event as it happens, inside the kernel: it calls nothing of the system. `m` is the
   * message the event is about, borrowed, or NULL. May be NULL. */
  void (*on_event)(void *ctx, const trp_event *e, const trp_msg *m);
  void *ctx;
} trp_replay;

void trp_replay_init(trp_replay *r, uint64_t seed);

/* From here on the system's schedule is r's, which it borrows. Before its first step. */
void trp_replay_attach(troupe_system *sys, trp_replay *r);

/* Which of n actors, that could all run, is next. */
uint32_t trp_replay_pick(trp_replay *r, uint32_t n);
/* How many steps, `most` at most, an actor has in a slice after the first one. */
int trp_replay_slice(trp_replay *r, int most);

/* Records an event; sets its time. For TRP_NOTE. */
void trp_replay_note(troupe_system *sys, trp_event e, const trp_msg *m);

/* TRP_NOTE(sys, m, .type = TRP_EVENT_..., .who = ..., ...): the fields of a trp_event. */
#define TRP_NOTE(sys, m, ...)                                                                      \
  do {                                                                                             \
    if ((sys)->replay) trp_replay_note((sys), (trp_event){__VA_ARGS__}, (m));                      \
  } while (0)

const char *trp_event_name(trp_event_type type);
/* What NAMED and UNNAMED call a name. */
uint64_t trp_replay_name(const char *name);

#endif
