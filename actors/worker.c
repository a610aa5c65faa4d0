#include "actors/worker.h"

#include <errno.h>
#include <locale.h>

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "actors/run.h"
#include "actors/sched.h"
#include "actors/system.h"

static __thread trp_worker *self __attribute__((tls_model("initial-exec")));

trp_worker *trp_worker_any(void) { return self; }
trp_worker *trp_worker_self(const troupe_system *sys) {
  return self && self->sys == sys ? self : NULL;
}

int trp_worker_init(trp_worker *w, troupe_system *sys) {
  w->sys = sys;
  if (!w->ring) w->ring = trp_zalloc(&sys->allocator, sizeof *w->ring);
  return w->ring ? TROUPE_OK : TROUPE_E_NO_MEMORY;
}

void trp_worker_fini(trp_worker *w) {
  if (w->ring) trp_free(&w->sys->allocator, w->ring, sizeof *w->ring);
  w->ring = NULL;
}

/* ---- one slice ----------------------------------------------------------------------------- */

void trp_worker_run(trp_worker *w, troupe_actor *a) {
  trp_preempt_begin(w, a->behavior->info != NULL);
  if (a->behavior->preempt && trp_sched_woken_wait(&w->sys->sched, w)) trp_preempt_waits(w, true);
  trp_actor_run(w, a);
  trp_preempt_end(w);
}

/* ---- without work -------------------------------------------------------------------------- */

/* Sleeps, unless there is something to do after all. */
static void park(trp_worker *w) {
  troupe_system *sys = w->sys;
  trp_parking *p = &sys->sched.parking;
  trp_preempt_idle(w);
  trp_parking_enter(p);
  uint64_t next = trp_timers_next(&sys->timers);
  bool keeps = trp_parking_keep(p, next);
  if (trp_sched_waits(sys))
    trp_parking_leave(p);
  else
    trp_parking_sleep(p, keeps ? next : UINT64_MAX);
  if (keeps) trp_parking_kept(p, next);
}

/* Looks for work everywhere until there is some, or NULL: the worker is to end. */
static troupe_actor *search(trp_worker *w) {
  trp_sched *s = &w->sys->sched;
  troupe_actor *a = NULL;
  bool alone = trp_parking_search(&s->parking);
  while (!trp_sched_stopping(s)) {
    for (int i = 0; i < TRP_SPIN_ROUNDS && (i == 0 || alone) && !a; i++) {
      if (i > 0) __builtin_ia32_pause();
      a = trp_sched_take(w);
    }
    if (a) break;
    park(w);
    alone = true; /* who was woken was woken to search */
  }
  /* without ticks nobody else would look at the timers while this one is busy */
  bool ticks = trp_preempt_watches(w);
  /* the last look comes after that: who has brought something before has woken nobody */
  if (trp_parking_found(&s->parking) && (!ticks || trp_sched_waits(w->sys)))
    trp_parking_wake(&s->parking);
  return a;
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Whether another works in this one's stead. Only a slice that was stuck can have had that
 * consequence, and under the lock it is certain. */
static bool is_stray(trp_worker *w) {
  return atomic_load_explicit(&w->preempt.stuck, memory_order_relaxed) &&
         trp_worker_state_of(w) == TRP_WORKER_STRAY;
}

static void work(trp_worker *w) {
  troupe_system *sys = w->sys;
  while (!trp_sched_stopping(&sys->sched) && !is_stray(w)) {
    troupe_actor *a = trp_sched_take(w);
    if (!a) a = search(w);
    if (a) trp_worker_run(w, a);
  }
  trp_sched_leave(w);
}

static void *thread(void *arg) {
  trp_worker *w = arg;
  troupe_system *sys = w->sys;
  char signal_stack[TRP_SIGNAL_STACK_BYTES]; /* above all that can overflow */
  (void)uselocale(sys->sched.locale);
  self = w;
  if (sys->sched.guards)
    (void)trp_segv_open(&w->segv, &w->frame, signal_stack, sizeof signal_stack);
  (void)trp_preempt_open(w); /* without a timer scripts are only not preempted */
  trp_memory_cache_open(&w->memory, &sys->memory);
  w->cpu_seen_ns = trp_preempt_cpu_ns();
  w->short_ns = 0;
  work(w);
  trp_memory_cache_close(&w->memory);
  trp_preempt_close(w);
  if (sys->sched.guards) trp_segv_close(&w->segv);
  self = NULL;
  return NULL;
}

int trp_worker_begin(trp_worker *w) {
  pthread_attr_t attr;
  if (trp_worker_init(w, w->sys) != TROUPE_OK) return ENOMEM;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, TRP_WORKER_STACK_BYTES);
  pthread_attr_setguardsize(&attr, TRP_GUARD_BYTES);
  pthread_attr_setsigmask_np(&attr, &w->sys->sched.mask);
  w->state = TRP_WORKER_ACTIVE;
  atomic_store_explicit(&w->stray, false, memory_order_relaxed);
  int err = pthread_create(&w->thread, &attr, thread, w);
  pthread_attr_destroy(&attr);
  if (err) w->state = TRP_WORKER_NONE;
  return err;
}

trp_worker_state trp_worker_state_of(trp_worker *w) {
  trp_sched *s = &w->sys->sched;
  pthread_mutex_lock(&s->lock);
  trp_worker_state state = w->state;
  pthread_mutex_unlock(&s->lock);
  return state;
}

void trp_worker_join(trp_worker *w) {
  trp_sched *s = &w->sys->sched;
  pthread_join(w->thread, NULL);
  pthread_mutex_lock(&s->lock);
  w->state = TRP_WORKER_NONE;
  pthread_mutex_unlock(&s->lock);
}
