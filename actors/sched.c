#include "actors/sched.h"

#include <stdlib.h>

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "actors/system.h"

int trp_sched_init(troupe_system *sys, unsigned workers) {
  trp_sched *s = &sys->sched;
  unsigned n = workers ? workers + TRP_RELIEF_THREADS : 1;
  *s = (trp_sched){.count = workers, .room = n};
  s->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!s->locale) return TROUPE_E_NO_MEMORY;
  s->workers = trp_zalloc(&sys->allocator, n * sizeof *s->workers);
  if (!s->workers) return TROUPE_E_NO_MEMORY;
  for (unsigned i = 0; i < n; i++)
    s->workers[i].sys = sys;
  trp_parking_init(&s->parking);
  trp_relief_init(&s->relief);
  pthread_mutex_init(&s->lock, NULL);
  return trp_worker_init(&s->workers[0], sys);
}

void trp_sched_fini(troupe_system *sys) {
  trp_sched *s = &sys->sched;
  if (s->locale) freelocale(s->locale);
  s->locale = (locale_t)0;
  if (!s->workers) return;
  for (unsigned i = 0; i < s->room; i++)
    trp_worker_fini(&s->workers[i]);
  trp_free(&sys->allocator, s->workers, s->room * sizeof *s->workers);
  s->workers = NULL;
  trp_relief_fini(&s->relief);
  pthread_mutex_destroy(&s->lock);
}

/* ---- the shared queues: under the lock ------------------------------------------------------ */

static void append(trp_run_queue *q, troupe_actor *a) {
  a->run_next = NULL;
  if (q->tail)
    q->tail->run_next = a;
  else
    q->head = a;
  q->tail = a;
  /* seq_cst: pairs with trp_run_queue_len; who has appended looks at who sleeps after it */
  atomic_fetch_add_explicit(&q->len, 1, memory_order_seq_cst);
}

static troupe_actor *pop(trp_run_queue *q) {
  troupe_actor *a = q->head;
  if (!a) return NULL;
  q->head = a->run_next;
  if (!q->head) q->tail = NULL;
  atomic_fetch_sub_explicit(&q->len, 1, memory_order_relaxed);
  return a;
}

/* Replay: any of those that can run. */
static troupe_actor *take_any(trp_sched *s, trp_replay *r) {
  while (trp_run_queue_len(&s->urgent)) /* any order is allowed */
    append(&s->woken, pop(&s->urgent));
  uint32_t woken = trp_run_queue_len(&s->woken);
  uint32_t spent = trp_run_queue_len(&s->spent);
  uint32_t skip = trp_replay_pick(r, woken + spent);
  trp_run_queue *q = skip < woken ? &s->woken : &s->spent;
  if (skip >= woken) skip -= woken;
  for (; skip > 0; skip--)
    append(q, pop(q));
  return pop(q);
}

/* All workers are busy: the one whose slice is the oldest shall look at a time, or when its slice
 * is old enough to give way, whichever is later. */
static void nudge_oldest(trp_sched *s, uint64_t at_ns) {
  if (!s->preempts) return;
  trp_worker *oldest = NULL;
  uint64_t since = UINT64_MAX;
  for (unsigned i = 0; i < s->room; i++) {
    uint64_t begun = trp_preempt_begun(&s->workers[i]);
    if (s->workers[i].state == TRP_WORKER_ACTIVE && begun != 0 && begun < since) {
      since = begun;
      oldest = &s->workers[i];
    }
  }
  if (oldest) trp_preempt_nudge(oldest, at_ns);
}

/* Into the shared queue that is its. */
static void inject(trp_sched *s, troupe_actor *a) {
  pthread_mutex_lock(&s->lock);
  append(a->urgent ? &s->urgent : &s->woken, a);
  if (trp_parking_all_busy(&s->parking)) nudge_oldest(s, 0);
  pthread_mutex_unlock(&s->lock);
  trp_parking_wake(&s->parking);
}

static troupe_actor *take_shared(trp_sched *s, trp_run_queue *q) {
  if (trp_run_queue_len(q) == 0) return NULL;
  pthread_mutex_lock(&s->lock);
  troupe_actor *a = pop(q);
  pthread_mutex_unlock(&s->lock);
  return a;
}

/* One for the caller, and a worker's part of the rest for its ring, which is empty. */
static troupe_actor *take_injected(trp_sched *s, trp_worker *w) {
  if (trp_run_queue_len(&s->woken) == 0) return NULL;
  pthread_mutex_lock(&s->lock);
  troupe_actor *a = pop(&s->woken);
  uint32_t part = s->count ? trp_run_queue_len(&s->woken) / s->count : 0;
  for (uint32_t n = 0; n < part && n < TRP_RING_ROOM / 2; n++)
    (void)trp_ring_push(w->ring, pop(&s->woken)); /* there is room for all of a ring */
  pthread_mutex_unlock(&s->lock);
  return a;
}

static troupe_actor *take_lifo(trp_worker *w) {
  if (!atomic_load_explicit(&w->lifo, memory_order_relaxed)) return NULL;
  /* acquire: pairs with the release in swap_lifo */
  return atomic_exchange_explicit(&w->lifo, NULL, memory_order_acq_rel);
}

void trp_sched_hand_over(trp_sched *s, trp_worker *w) {
  troupe_actor *a = take_lifo(w);
  if (a) append(&s->woken, a);
  while ((a = trp_ring_take(w->ring)))
    append(&s->woken, a);
}

void trp_sched_leave(trp_worker *w) {
  trp_sched *s = &w->sys->sched;
  pthread_mutex_lock(&s->lock);
  trp_sched_hand_over(s, w);
  w->state = TRP_WORKER_ENDED; /* from here on nobody nudges it */
  pthread_mutex_unlock(&s->lock);
  trp_parking_wake(&s->parking); /* for that, and for timers it has set */
  trp_relief_call(&s->relief);
}

/* ---- a worker's own ------------------------------------------------------------------------ */

/* At the end of the longer queue, so that those who happen to be in a ring do not pass the others
 * by again and again. */
static void enqueue(trp_worker *w, troupe_actor *a) {
  trp_sched *s = &w->sys->sched;
  if (trp_run_queue_len(&s->woken) <= trp_ring_len(w->ring) && trp_ring_push(w->ring, a)) return;
  pthread_mutex_lock(&s->lock);
  append(&s->woken, a);
  pthread_mutex_unlock(&s->lock);
}

/* Puts an actor into `lifo`. Returns the one that was there. */
static troupe_actor *swap_lifo(trp_worker *w, troupe_actor *a) {
  if (atomic_load_explicit(&w->lifo, memory_order_relaxed))
    return atomic_exchange_explicit(&w->lifo, a, memory_order_acq_rel);
  /* release: pairs with the exchange in take_lifo; nobody but this thread fills an empty one */
  atomic_store_explicit(&w->lifo, a, memory_order_release);
  return NULL;
}

static void push_local(trp_worker *w, troupe_actor *a) {
  bool queued = !trp_ring_empty(w->ring) || trp_run_queue_len(&w->sys->sched.woken);
  troupe_actor *next = queued && w->lifo_runs >= TRP_LIFO_RUNS ? a : swap_lifo(w, a);
  if (next) enqueue(w, next);
  if ((next && queued) || !trp_preempt_watches(w)) trp_parking_wake(&w->sys->sched.parking);
  trp_preempt_waits(w, false);
}

static troupe_actor *steal_from(trp_worker *victim) {
  troupe_actor *a = trp_ring_take(victim->ring);
  if (a || !atomic_load_explicit(&victim->lifo_waits, memory_order_relaxed)) return a;
  return take_lifo(victim);
}

static troupe_actor *steal(trp_worker *w) {
  trp_sched *s = &w->sys->sched;
  /* acquire: pairs with the release in trp_sched_begin, which publishes the ring */
  unsigned n = atomic_load_explicit(&s->places, memory_order_acquire);
  unsigned own = (unsigned)(w - s->workers);
  for (unsigned i = 1; i < n; i++) {
    troupe_actor *a = steal_from(&s->workers[(own + i) % n]);
    if (a) return a;
  }
  return NULL;
}

/* ---- which is next ------------------------------------------------------------------------- */

static troupe_actor *take_woken(trp_worker *w, bool shared_first) {
  trp_sched *s = &w->sys->sched;
  troupe_actor *a;
  if (shared_first && (a = take_shared(s, &s->woken))) return a;
  w->lifo_runs++;
  if ((a = take_lifo(w))) return a;
  w->lifo_runs = 0;
  if ((a = trp_ring_take(w->ring))) return a;
  if ((a = take_injected(s, w))) return a;
  return steal(w);
}

/* NULL also when it is the others' turn. */
static troupe_actor *take_urgent(trp_worker *w) {
  trp_sched *s = &w->sys->sched;
  troupe_actor *a = NULL;
  if (trp_run_queue_len(&s->urgent) != 0 && w->urgent_takes++ < TRP_URGENT_TAKES)
    a = take_shared(s, &s->urgent);
  if (!a)
    w->urgent_takes = 0;
  else if (trp_run_queue_len(&s->urgent) != 0)
    trp_parking_wake(&s->parking);
  return a;
}

/* Whether it is a spent one's turn though others were woken. */
static bool spent_is_due(const trp_worker *w) {
  const trp_sched *s = &w->sys->sched;
  if (trp_run_queue_len(&s->spent) == 0) return false;
  uint64_t since = atomic_load_explicit(&s->spent_ns, memory_order_relaxed);
  return w->woken_takes >= TRP_SPENT_TAKES || trp_preempt_seen(w) >= since + TRP_SPENT_NS;
}

static troupe_actor *take_spent(trp_worker *w) {
  trp_sched *s = &w->sys->sched;
  w->woken_takes = 0;
  troupe_actor *a = take_shared(s, &s->spent);
  if (a && trp_run_queue_len(&s->spent) != 0) trp_parking_wake(&s->parking);
  return a;
}

troupe_actor *trp_sched_take(trp_worker *w) {
  trp_sched *s = &w->sys->sched;
  troupe_actor *a;
  bool ticked = trp_preempt_look(w); /* at the clock */
  if (trp_timers_next(&w->sys->timers) <= trp_preempt_seen(w)) trp_timers_expire(w->sys);
  /* relaxed: a hint; the actor itself goes by acquire and release */
  atomic_store_explicit(&w->lifo_waits, !trp_preempt_watches(w), memory_order_relaxed);
  if ((a = take_urgent(w))) return a;
  if (spent_is_due(w) && (a = take_spent(w))) return a;
  if ((a = take_woken(w, ticked || ++w->takes % TRP_LOOK_TAKES == 0))) {
    w->woken_takes = trp_run_queue_len(&s->spent) != 0 ? w->woken_takes + 1 : 0;
    return a;
  }
  a = take_spent(w);
  return a ? a : take_shared(s, &s->urgent); /* it was the others' turn, and there are none */
}

bool trp_sched_waits(troupe_system *sys) {
  trp_sched *s = &sys->sched;
  if (trp_sched_stopping(s) || trp_sched_runnable(sys)) return true;
  unsigned n = atomic_load_explicit(&s->places, memory_order_acquire);
  for (unsigned i = 0; i < n; i++) {
    const trp_worker *w = &s->workers[i];
    if (!trp_ring_empty(w->ring)) return true;
    if (atomic_load_explicit(&w->lifo, memory_order_relaxed) &&
        atomic_load_explicit(&w->lifo_waits, memory_order_relaxed))
      return true;
  }
  return false;
}

/* ---- what others call ---------------------------------------------------------------------- */

/* The calling worker, if what it wakes is for itself. */
static trp_worker *caller(troupe_system *sys) {
  trp_worker *w = trp_worker_self(sys);
  return w && !atomic_load_explicit(&w->stray, memory_order_relaxed) ? w : NULL;
}

void trp_sched_push(troupe_system *sys, troupe_actor *a) {
  trp_worker *w = caller(sys);
  bool urgent = a->urgent; /* once it is queued, it may run, and be gone */
  if (w && !urgent)
    push_local(w, a);
  else
    inject(&sys->sched, a);
  if (w && urgent) trp_preempt_nudge_self(w, 0);
}

void trp_sched_requeue(troupe_system *sys, troupe_actor *a) {
  trp_sched *s = &sys->sched;
  uint64_t now = trp_preempt_now(a->worker);
  pthread_mutex_lock(&s->lock);
  append(a->urgent ? &s->urgent : &s->spent, a);
  if (!a->urgent) atomic_store_explicit(&s->spent_ns, now, memory_order_relaxed);
  pthread_mutex_unlock(&s->lock); /* this worker takes the next one, and wakes another if need be */
}

void trp_sched_timer_moved(troupe_system *sys, uint64_t at_ns) {
  trp_sched *s = &sys->sched;
  trp_worker *w = trp_worker_self(sys);
  if (w && trp_preempt_watches(w)) {
    trp_preempt_nudge_self(w, at_ns);
  } else if (s->count && !trp_parking_wake(&s->parking)) {
    pthread_mutex_lock(&s->lock);
    nudge_oldest(s, at_ns);
    pthread_mutex_unlock(&s->lock);
  }
}

/* ---- start and stop ------------------------------------------------------------------------- */

int trp_sched_begin(trp_sched *s, trp_worker *w) {
  int err = trp_worker_begin(w);
  unsigned n = (unsigned)(w - s->workers) + 1;
  /* release: pairs with the acquire in steal */
  if (!err && n > atomic_load_explicit(&s->places, memory_order_relaxed))
    atomic_store_explicit(&s->places, n, memory_order_release);
  return err;
}

int trp_sched_start(troupe_system *sys) {
  trp_sched *s = &sys->sched;
  int err = s->count ? trp_preempt_ref() : 0;
  s->preempts = s->count && !err;
  s->guards = s->count && sys->config.catch_stack_overflow;
  if (s->guards) trp_segv_ref();
  err = 0;
  pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
  pthread_mutex_lock(&s->lock);
  for (unsigned i = 0; i < s->count && !err; i++)
    err = trp_sched_begin(s, &s->workers[i]);
  pthread_mutex_unlock(&s->lock);
  if (!err && s->preempts) trp_relief_open(sys);
  if (err) trp_sched_stop(sys);
  return -err;
}

void trp_sched_stop(troupe_system *sys) {
  trp_sched *s = &sys->sched;
  atomic_store_explicit(&s->stopping, true, memory_order_seq_cst);
  trp_parking_wake_all(&s->parking);
  trp_relief_close(sys);
  for (unsigned i = 0; i < s->room; i++)
    if (trp_worker_state_of(&s->workers[i]) != TRP_WORKER_NONE) trp_worker_join(&s->workers[i]);
  if (s->preempts) trp_preempt_unref();
  s->preempts = false;
  if (s->guards) trp_segv_unref();
  s->guards = false;
}

bool trp_sched_runnable(troupe_system *sys) {
  const trp_sched *s = &sys->sched;
  return trp_run_queue_len(&s->urgent) || trp_run_queue_len(&s->woken) ||
         trp_run_queue_len(&s->spent);
}

bool trp_sched_step(troupe_system *sys) {
  trp_sched *s = &sys->sched;
  trp_worker *w = &s->workers[0];
  troupe_actor *a;
  if (sys->replay) {
    trp_timers_expire(sys);
    pthread_mutex_lock(&s->lock);
    (void)trp_preempt_look(w);
    a = take_any(s, sys->replay);
    pthread_mutex_unlock(&s->lock);
  } else {
    a = trp_sched_take(w);
  }
  if (!a) return false;
  locale_t host = uselocale(s->locale);
  trp_worker_run(w, a);
  (void)uselocale(host);
  return true;
}
