/* One runtime: everything that would otherwise be a global. */
#ifndef TRP_ACTORS_SYSTEM_H
#define TRP_ACTORS_SYSTEM_H

#include <pthread.h>
#include <stdatomic.h>

#include <troupe/system.h>

#include "actors/base/clock.h"
#include "actors/base/log.h"
#include "actors/base/rand.h"
#include "actors/loop.h"
#include "actors/memory.h"
#include "actors/message.h"
#include "actors/names.h"
#include "actors/replay.h"
#include "actors/sched.h"
#include "actors/slot.h"
#include "actors/timers.h"

#define TRP_COUNTER_MAP(X)                                                                         \
  X(actors)                                                                                        \
  X(spawned)                                                                                       \
  X(sent)                                                                                          \
  X(handled)                                                                                       \
  X(crashes)                                                                                       \
  X(restarts)                                                                                      \
  X(filled)                                                                                        \
  X(parked)                                                                                        \
  X(signals_dropped)                                                                               \
  X(calls)                                                                                         \
  X(call_failures)                                                                                 \
  X(retries)                                                                                       \
  X(breaker_trips)

typedef struct trp_counters {
#define X(name) _Atomic uint64_t name;
  TRP_COUNTER_MAP(X)
#undef X
  _Atomic uint64_t dead[TROUPE_DEAD_COUNT];
  _Atomic uint64_t limits[TROUPE_LIMIT_COUNT];
} trp_counters;

/* What higher layers keep with a system; freed in reverse order after the last actor is gone. */
typedef enum trp_ext {
  TRP_EXT_TOOLS,
  TRP_EXT_SCRIPTS,
  TRP_EXT_MODULES,
  TRP_EXT_BATTERIES,
  TRP_EXTS
} trp_ext;

typedef enum trp_system_phase {
  TRP_SYSTEM_RUNNING,
  TRP_SYSTEM_STOPPING,
  TRP_SYSTEM_STOPPED
} trp_system_phase;

struct troupe_system {
  troupe_config config;
  trp_memory memory;
  troupe_allocator allocator; /* counts in `memory` */
  trp_clock clock;
  trp_replay *replay; /* of a test that has attached one, or NULL; never changes while actors run */
  trp_log log;
  trp_counters counters;
  trp_slots slots;
  trp_names names;
  trp_timers timers;
  trp_sched sched;
  troupe_pid guardian; /* parent of every top-level actor */
  troupe_pid port;     /* asks on behalf of host threads */
  _Atomic int phase;   /* trp_system_phase; moves forward only */

  pthread_mutex_t ending; /* held while stop ends the threads; before every other lock */

  pthread_mutex_t lock; /* guards what follows; a leaf */
  pthread_cond_t ended; /* the guardian or the last actor is gone */
  bool guarded;         /* the guardian is there */
  trp_rand rand;
  trp_loop *loop;
  struct {
    void *ptr;
    void (*free)(troupe_system *sys, void *ptr);
  } ext[TRP_EXTS];
};

static inline void trp_count(_Atomic uint64_t *counter) {
  atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* A limit has been met. */
static inline void trp_count_limit(troupe_system *sys, troupe_limit limit) {
  trp_count(&sys->counters.limits[limit]);
}

/* What a higher layer has stored, or NULL. Thread: any. */
void *trp_system_ext(troupe_system *sys, trp_ext which);
/* Stores it unless something is there already; returns what is there then. Thread: any. */
void *trp_system_set_ext(troupe_system *sys, trp_ext which, void *ptr,
                         void (*free)(troupe_system *sys, void *ptr));

/* A generator of its own for an actor or a tool. Thread: any. */
void trp_system_split_rand(troupe_system *sys, trp_rand *child);

/* Counts an actor out; wakes troupe_system_stop when it is the last one, or the guardian. */
void trp_system_actor_gone(troupe_system *sys, troupe_pid pid);

/* A short sleep of a host thread that steps and finds nothing to run. */
void trp_system_nap(troupe_system *sys);

static inline bool trp_system_stopping(troupe_system *sys) {
  return atomic_load_explicit(&sys->phase, memory_order_acquire) != TRP_SYSTEM_RUNNING;
}

#endif
