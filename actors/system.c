#include "actors/system.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "actors/child.h"
#include "actors/port.h"
#include "actors/send.h"

#define DEFAULT_MAX_ACTORS 1048576
#define DEFAULT_MAX_MESSAGE_BYTES (UINT32_C(1) << 20)
#define MAX_WORKERS 1024
#define KILL_GRACE_MS 1000 /* from the kill at the deadline on; what runs then still hangs */

const char *troupe_dead_reason_name(troupe_dead_reason reason) {
  static const char *const names[] = {
#define X(name, lua, text) [TROUPE_DEAD_##name] = (lua),
      TROUPE_DEAD_MAP(X)
#undef X
  };
  return (unsigned)reason < TROUPE_DEAD_COUNT ? names[reason] : "unknown";
}

const char *troupe_limit_name(troupe_limit limit) {
  static const char *const names[] = {
#define X(name, lua, text) [TROUPE_LIMIT_##name] = (lua),
      TROUPE_LIMIT_MAP(X)
#undef X
  };
  return (unsigned)limit < TROUPE_LIMIT_COUNT ? names[limit] : "unknown";
}

uint64_t trp_system_now_ns(troupe_system *sys) { return trp_clock_ns(&sys->clock); }
const troupe_allocator *trp_system_allocator(troupe_system *sys) { return &sys->allocator; }

/* ---- the guardian: the parent of whatever has no other ------------------------------------- */

static int guardian_receive(troupe_actor *a, const troupe_message *m) {
  (void)m;
  troupe_actor_refuse(a, 0);
  return TROUPE_OK;
}
static const troupe_behavior guardian_behavior = {
    .size = sizeof guardian_behavior, .name = "guardian", .receive = guardian_receive};

/* ---- start --------------------------------------------------------------------------------- */

/* CPUs the process may use: its affinity, cut down to its cgroup's quota. */
static unsigned usable_cpus(void) {
  cpu_set_t set;
  unsigned n = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
  FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
  if (f) {
    char text[64] = "", *rest = text; /* "max 100000", or a quota in us for each period in us */
    if (!fgets(text, sizeof text, f)) text[0] = 0;
    unsigned long quota = strtoul(text, &rest, 10), period = strtoul(rest, NULL, 10);
    unsigned long cpus = period ? (quota + period - 1) / period : 0;
    if (cpus >= 1 && cpus < n) n = (unsigned)cpus;
    fclose(f);
  }
  return n ? n : 1;
}

static int check_config(const troupe_config *c) {
  if (!c || c->size != sizeof *c || c->workers < TROUPE_WORKERS_AUTO || c->workers > MAX_WORKERS) {
    return TROUPE_E_INVALID;
  }
  if (c->clock && c->workers != 0)
    return TROUPE_E_INVALID; /* workers sleep by the machine's clock */
  return c->max_message_bytes > INT32_MAX ? TROUPE_E_INVALID : TROUPE_OK;
}

static void take_config(troupe_system *sys, const troupe_config *cfg) {
  sys->config = *cfg;
  trp_memory_init(&sys->memory, cfg->allocator, cfg->memory_bytes,
                  &sys->counters.limits[TROUPE_LIMIT_SYSTEM_MEMORY]);
  sys->allocator = trp_memory_allocator(&sys->memory);
  sys->clock = cfg->clock ? (trp_clock){cfg->clock, cfg->clock_ctx} : trp_clock_monotonic();
  sys->log = (trp_log){
      .sink = cfg->log ? cfg->log : trp_log_stderr, .ctx = cfg->log_ctx, .min = cfg->log_min};
  if (!sys->config.max_actors) sys->config.max_actors = DEFAULT_MAX_ACTORS;
  if (!sys->config.max_message_bytes) sys->config.max_message_bytes = DEFAULT_MAX_MESSAGE_BYTES;
  if (!sys->config.seed &&
      getrandom(&sys->config.seed, sizeof sys->config.seed, GRND_NONBLOCK) < 0) {
    sys->config.seed = (uint64_t)trp_wall_ms();
  }
  trp_rand_init(&sys->rand, sys->config.seed);
}

/* Undoes a start that failed half-way. No worker runs: what was spawned is ended by stepping. */
static void abandon(troupe_system *sys) {
  if (sys->slots.chunks && sys->sched.workers) {
    sys->sched.count = 0;
    troupe_system_stop(sys, 0);
  }
  atomic_store_explicit(&sys->phase, TRP_SYSTEM_STOPPED, memory_order_release);
  troupe_system_free(sys);
}

int troupe_system_start(troupe_system **out, const troupe_config *cfg) {
  *out = NULL;
  int err = check_config(cfg);
  if (err) return err;
  const troupe_allocator *al = cfg->allocator ? cfg->allocator : trp_mem_default();
  troupe_system *sys = trp_zalloc(al, sizeof *sys);
  if (!sys) return TROUPE_E_NO_MEMORY;
  take_config(sys, cfg);
  pthread_mutex_init(&sys->lock, NULL);
  pthread_mutex_init(&sys->ending, NULL);
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&sys->ended, &attr);
  pthread_condattr_destroy(&attr);
  trp_names_init(&sys->names, &sys->allocator);

  unsigned workers = cfg->workers == TROUPE_WORKERS_AUTO ? usable_cpus() : (unsigned)cfg->workers;
  err = trp_slots_init(&sys->slots, &sys->allocator, sys->config.max_actors);
  if (!err) err = trp_timers_init(&sys->timers, &sys->allocator, workers);
  if (!err) err = trp_sched_init(sys, workers);
  troupe_spawn_opts guardian = {.size = sizeof guardian, .behavior = &guardian_behavior};
  if (!err && !(err = trp_spawn_root(sys, &guardian, &sys->guardian, false))) sys->guarded = true;
  if (!err) err = trp_port_spawn(sys);
  if (!err) err = trp_sched_start(sys);
  if (err) {
    abandon(sys);
    return err;
  }
  *out = sys;
  return TROUPE_OK;
}

/* ---- extensions, loop, random -------------------------------------------------------------- */

void *trp_system_ext(troupe_system *sys, trp_ext which) {
  pthread_mutex_lock(&sys->lock);
  void *ptr = sys->ext[which].ptr;
  pthread_mutex_unlock(&sys->lock);
  return ptr;
}

void *trp_system_set_ext(troupe_system *sys, trp_ext which, void *ptr,
                         void (*free)(troupe_system *sys, void *ptr)) {
  pthread_mutex_lock(&sys->lock);
  if (!sys->ext[which].ptr) {
    sys->ext[which].ptr = ptr;
    sys->ext[which].free = free;
  }
  ptr = sys->ext[which].ptr;
  pthread_mutex_unlock(&sys->lock);
  return ptr;
}

int trp_system_loop(troupe_system *sys, trp_loop **out) {
  pthread_mutex_lock(&sys->lock);
  int err =
      sys->loop ? TROUPE_OK : trp_loop_open(&sys->loop, &sys->allocator, sys->sched.count > 0);
  *out = sys->loop;
  pthread_mutex_unlock(&sys->lock);
  return err;
}

static trp_loop *loop_of(troupe_system *sys) {
  pthread_mutex_lock(&sys->lock);
  trp_loop *loop = sys->loop;
  pthread_mutex_unlock(&sys->lock);
  return loop;
}

void trp_system_split_rand(troupe_system *sys, trp_rand *child) {
  pthread_mutex_lock(&sys->lock);
  trp_rand_split(&sys->rand, child);
  pthread_mutex_unlock(&sys->lock);
}

/* ---- step ---------------------------------------------------------------------------------- */

int troupe_system_step(troupe_system *sys, uint32_t budget_ms) {
  if (sys->sched.count) return 0;
  uint64_t end = trp_clock_ns(&sys->clock) + budget_ms * TRP_NS_PER_MS;
  trp_loop *loop = loop_of(sys);
  do {
    if (loop) trp_loop_step(loop);
    if (!trp_sched_step(sys)) break;
    if (!loop) loop = loop_of(sys);
  } while (trp_clock_ns(&sys->clock) < end);
  return trp_sched_runnable(sys);
}

int64_t troupe_system_next_ms(troupe_system *sys) {
  uint64_t next = trp_timers_next(&sys->timers);
  if (next == UINT64_MAX) return -1;
  uint64_t now = trp_clock_ns(&sys->clock);
  return next <= now ? 0 : (int64_t)((next - now + TRP_NS_PER_MS - 1) / TRP_NS_PER_MS);
}

void trp_system_nap(troupe_system *sys) {
  (void)sys;
  nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

/* ---- stop ---------------------------------------------------------------------------------- */

void trp_system_actor_gone(troupe_system *sys, troupe_pid pid) {
  pthread_mutex_lock(&sys->lock);
  bool guardian = pid.id == sys->guardian.id;
  if (guardian) sys->guarded = false;
  uint64_t before = atomic_fetch_sub_explicit(&sys->counters.actors, 1, memory_order_relaxed);
  if (guardian || before == 1) pthread_cond_broadcast(&sys->ended);
  pthread_mutex_unlock(&sys->lock);
}

typedef enum whom { GUARDIAN, EVERYBODY } whom;

static bool gone(troupe_system *sys, whom w) {
  if (w == GUARDIAN) return !sys->guarded;
  return atomic_load_explicit(&sys->counters.actors, memory_order_relaxed) == 0;
}

/* Waits until the guardian is gone, and with it all it is the guardian of, or really everybody; or
 * for the deadline. */
static bool wait_gone(troupe_system *sys, whom w, uint64_t until_ns) {
  struct timespec until = {.tv_sec = (time_t)(until_ns / TRP_NS_PER_S),
                           .tv_nsec = (long)(until_ns % TRP_NS_PER_S)};
  const trp_clock real = trp_clock_monotonic();
  pthread_mutex_lock(&sys->lock);
  bool timeout = false;
  while (!gone(sys, w) && !timeout) {
    if (sys->sched.count) {
      timeout = pthread_cond_timedwait(&sys->ended, &sys->lock, &until) != 0;
      continue;
    }
    pthread_mutex_unlock(&sys->lock);
    if (troupe_system_step(sys, 1) == 0) trp_system_nap(sys);
    timeout = trp_clock_ns(&real) >= until_ns;
    pthread_mutex_lock(&sys->lock);
  }
  bool ok = gone(sys, w);
  pthread_mutex_unlock(&sys->lock);
  return ok;
}

/* When no actor is left: ends workers and loop, for one caller of stop at a time. */
static bool end_threads(troupe_system *sys) {
  bool ok = true;
  pthread_mutex_lock(&sys->ending);
  if (atomic_load_explicit(&sys->phase, memory_order_acquire) != TRP_SYSTEM_STOPPED) {
    trp_sched_stop(sys);
    ok = trp_loop_close(loop_of(sys), KILL_GRACE_MS);
    if (ok) {
      sys->loop = NULL;
      atomic_store_explicit(&sys->phase, TRP_SYSTEM_STOPPED, memory_order_release);
    }
  }
  pthread_mutex_unlock(&sys->ending);
  return ok;
}

int troupe_system_stop(troupe_system *sys, uint32_t deadline_ms) {
  const trp_clock real = trp_clock_monotonic();
  uint64_t until = trp_clock_ns(&real) + deadline_ms * TRP_NS_PER_MS;
  int phase = TRP_SYSTEM_RUNNING;
  if (atomic_load_explicit(&sys->phase, memory_order_acquire) == TRP_SYSTEM_STOPPED)
    return TROUPE_OK;
  atomic_compare_exchange_strong_explicit(&sys->phase, &phase, TRP_SYSTEM_STOPPING,
                                          memory_order_acq_rel, memory_order_acquire);
  (void)troupe_stop(sys, sys->guardian); /* it may be gone already, here and below */
  bool late = !wait_gone(sys, GUARDIAN, until);
  if (late) {
    (void)troupe_kill(sys, sys->guardian);
    uint64_t last = trp_clock_ns(&real) + KILL_GRACE_MS * TRP_NS_PER_MS;
    if (!wait_gone(sys, GUARDIAN, last)) return TROUPE_E_TIMEOUT;
  }
  (void)troupe_stop(sys, sys->port);
  if (!wait_gone(sys, EVERYBODY, trp_clock_ns(&real) + KILL_GRACE_MS * TRP_NS_PER_MS))
    return TROUPE_E_TIMEOUT;
  if (!end_threads(sys)) return TROUPE_E_TIMEOUT;
  return late ? TROUPE_E_EXPIRED : TROUPE_OK;
}

void troupe_system_free(troupe_system *sys) {
  if (!sys) return;
  TRP_ASSERT(atomic_load_explicit(&sys->phase, memory_order_acquire) == TRP_SYSTEM_STOPPED);
  for (int i = TRP_EXTS - 1; i >= 0; i--) {
    if (sys->ext[i].ptr && sys->ext[i].free) sys->ext[i].free(sys, sys->ext[i].ptr);
  }
  trp_sched_fini(sys);
  trp_slots_fini(&sys->slots);
  trp_names_fini(&sys->names);
  trp_timers_fini(&sys->timers);
  pthread_cond_destroy(&sys->ended);
  pthread_mutex_destroy(&sys->lock);
  pthread_mutex_destroy(&sys->ending);
  trp_memory_fini(&sys->memory);
  TRP_ASSERT(trp_account_used(&sys->memory.all) == 0);
  troupe_allocator host = sys->memory.host;
  trp_free(&host, sys, sizeof *sys);
}

void troupe_system_stats(troupe_system *sys, troupe_stats *out) {
  *out = (troupe_stats){0};
#define X(name) out->name = atomic_load_explicit(&sys->counters.name, memory_order_relaxed);
  TRP_COUNTER_MAP(X)
#undef X
  for (unsigned i = 0; i < sys->sched.room; i++) {
    const trp_worker *w = &sys->sched.workers[i];
    out->sent += atomic_load_explicit(&w->sent, memory_order_relaxed);
    out->handled += atomic_load_explicit(&w->handled, memory_order_relaxed);
  }
  out->memory_bytes = trp_account_used(&sys->memory.all);
  out->memory_limit_bytes = sys->memory.all.limit;
  for (int i = 0; i < TROUPE_DEAD_COUNT; i++) {
    out->dead[i] = atomic_load_explicit(&sys->counters.dead[i], memory_order_relaxed);
  }
  for (int i = 0; i < TROUPE_LIMIT_COUNT; i++) {
    out->limits[i] = atomic_load_explicit(&sys->counters.limits[i], memory_order_relaxed);
  }
}

troupe_pid troupe_whereis(troupe_system *sys, const char *name) {
  return name ? trp_names_find(&sys->names, name, strlen(name)) : (troupe_pid){0};
}
