/* Relief: nobody waits for a worker that is stuck.
 *
 * Some code cannot give way: C behaviours, and Lua below a C function (a comparator of table.sort,
 * a pattern). When such a slice keeps others waiting for TRP_RELIEF_NS, the reliever, a thread that
 * does nothing else, begins another worker; the stuck one, now a stray of low priority, hands over
 * what is queued at it and ends with its slice. So as many workers as there should be are always
 * there for the others. Only the reliever begins workers later: a thread inherits the priority of
 * the one that makes it. */
#ifndef TRP_ACTORS_RELIEF_H
#define TRP_ACTORS_RELIEF_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

#include <troupe/types.h>

#define TRP_RELIEF_NS UINT64_C(10000000)
#define TRP_RELIEF_THREADS 64 /* besides the workers; when all are strays, others wait */

typedef struct trp_relief {
  sem_t called; /* by the tick, when a slice is stuck, and by a stray that has ended */
  pthread_t thread;
  bool open;
} trp_relief;

void trp_relief_init(trp_relief *r);
void trp_relief_fini(trp_relief *r);

/* Without the thread, which may fail to begin, nobody is relieved. */
void trp_relief_open(troupe_system *sys);
/* Afterwards nobody begins a worker any more. The scheduler is stopping. */
void trp_relief_close(troupe_system *sys);

/* Thread: any, and signal handlers. */
static inline void trp_relief_call(trp_relief *r) { sem_post(&r->called); }

#endif
