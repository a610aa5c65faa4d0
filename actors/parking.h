/* Parking: how workers without work sleep, and how they are woken.
 *
 *   BUSY --search--> SEARCHING --sleep--> ASLEEP --wake, or its time has come--> SEARCHING
 *   SEARCHING --found--> BUSY
 *
 * How many search and how many sleep is one word. A worker goes to sleep in this order: it counts
 * itself as asleep, looks once more at everything that could be there, and only then sleeps. Who
 * brings work makes it visible first and looks at the word then. So one of the two sees the other,
 * given that both use seq_cst. What a waker takes off the count it pays back as a token, for
 * whichever sleeper comes first.
 *
 *   P1  sleepers = asleep + tokens
 *   P2  who finds work as the last one that searched looks whether there is more, and then wakes
 *       another: brought work wakes nobody while somebody searches
 *   P3  a worker that goes to sleep knows every timer it has set; it sleeps until the first one,
 *       unless a sleeper does already. So when all sleep somebody wakes for the first timer.
 *
 * Waking takes no lock: a signal handler may do it. Checked by tests/models/park.pml. */
#ifndef TRP_ACTORS_PARKING_H
#define TRP_ACTORS_PARKING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct trp_parking {
  _Atomic uint32_t state;   /* TRP_PARKING_SEARCHER for each that searches + number asleep */
  _Atomic uint32_t tokens;  /* a futex */
  _Atomic uint64_t kept_ns; /* a sleeper wakes at that time; UINT64_MAX: none does by itself */
} trp_parking;

#define TRP_PARKING_SEARCHER (UINT32_C(1) << 16)

void trp_parking_init(trp_parking *p);

/* Wakes a sleeper, who then searches. False: nobody sleeps, or somebody searches already. Thread:
 * any, and signal handlers. */
bool trp_parking_wake(trp_parking *p);
void trp_parking_wake_all(trp_parking *p);

/* Whether nobody sleeps and nobody searches. */
static inline bool trp_parking_all_busy(const trp_parking *p) {
  return atomic_load_explicit(&p->state, memory_order_seq_cst) == 0;
}

/* The caller searches now. True: it is the only one. */
bool trp_parking_search(trp_parking *p);
/* It does not any more. True: it was the last one. */
bool trp_parking_found(trp_parking *p);

/* A searcher counts as asleep from enter on. It then either sleeps until it is woken or until_ns
 * has come (UINT64_MAX: never), or leaves at once; either way it searches again. */
void trp_parking_enter(trp_parking *p);
void trp_parking_sleep(trp_parking *p, uint64_t until_ns);
void trp_parking_leave(trp_parking *p);

/* Before and after a sleep: whether it has to end at next_ns, as nobody else's does. */
bool trp_parking_keep(trp_parking *p, uint64_t next_ns);
void trp_parking_kept(trp_parking *p, uint64_t next_ns);

#endif
