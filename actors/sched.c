#include "actors/sched.h"

#include <stdlib.h>
#include <time.h>

#include "actors/actor.h"
#include "actors/base/mem.h"
#include "actors/run.h"
#include "actors/system.h"

int trp_sched_init(troupe_system *sys, unsigned workers) {
  trp_sched *s = &sys->sched;
  unsigned n = workers ? workers + TRP_RELIEF_THREADS : 1;
  *s = (trp_sched){.count = workers, .room = n, .keeper_ns = UINT64_MAX};
  s->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!s->locale) return TROUPE_E_NO_MEMORY;
  s->workers = trp_zalloc(&sys->allocator, n * sizeof *s->workers);
  if (!s->workers) return TROUPE_E_NO_MEMORY;
  for (unsigned i = 0; i < n; i++)
    s->workers[i].sys = sys;
  sem_init(&s->relief, 0, 0);
  pthread_mutex_init(&s->lock, NULL);
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&s->wake, &attr);
  pthread_cond_init(&s->keeper_wake, &attr);
  pthread_condattr_destroy(&attr);
  return TROUPE_OK;
}

void trp_sched_fini(troupe_system *sys) {
  trp_sched *s = &sys->sched;
  if (!s->workers) return;
  trp_free(&sys->allocator, s->workers, s->room * sizeof *s->workers);
  s->workers = NULL;
  freelocale(s->locale);
  sem_destroy(&s->relief);
  pthread_cond_destroy(&s->wake);
  pthread_cond_destroy(&s->keeper_wake);
  pthread_mutex_destroy(&s->lock);
}

/* ---- the queues: under the lock ------------------------------------------------------------ */

static void append(trp_run_queue *q, troupe_actor *a) {
  a->run_next = NULL;
  if (q->tail)
    q->tail->run_next = a;
  else
    q->head = a;
  q->tail = a;
  atomic_fetch_add_explicit(&q->len, 1, memory_order_relaxed);
}

static troupe_actor *pop(trp_run_queue *q) {
  troupe_actor *a = q->head;
  if (!a) return NULL;
  q->head = a->run_next;
  if (!q->head) q->tail = NULL;
  atomic_fetch_sub_explicit(&q->len, 1, memory_order_relaxed);
  return a;
}

static bool any_queued(const trp_sched *s) { return s->woken.head || s->spent.head; }

/* Whether it is a spent one's turn though others were woken. */
static bool spent_is_due(const trp_sched *s, uint64_t now_ns) {
  return s->woken_takes >= TRP_SPENT_TAKES || now_ns - s->spent_ns >= TRP_SPENT_NS;
}

static troupe_actor *take(trp_sched *s, const trp_clock *clock) {
  if (!s->spent.head) {
    s->woken_takes = 0;
    return pop(&s->woken);
  }
  uint64_t now = trp_clock_ns(clock);
  if (s->woken.head && !spent_is_due(s, now)) {
    s->woken_takes++;
    return pop(&s->woken);
  }
  s->woken_takes = 0;
  return pop(&s->spent);
}

/* Replay: any of those that can run. */
static troupe_actor *take_any(trp_sched *s, trp_replay *r) {
  uint32_t woken = atomic_load_explicit(&s->woken.len, memory_order_relaxed);
  uint32_t spent = atomic_load_explicit(&s->spent.len, memory_order_relaxed);
  uint32_t skip = trp_replay_pick(r, woken + spent);
  trp_run_queue *q = skip < woken ? &s->woken : &s->spent;
  if (skip >= woken) skip -= woken;
  for (; skip > 0; skip--)
    append(q, pop(q));
  return pop(q);
}

/* Whom to wake for work, or NULL: all are busy. */
static pthread_cond_t *sleeper(trp_sched *s) {
  return s->idle ? &s->wake : s->keeper ? &s->keeper_wake : NULL;
}

/* All workers are busy: the one whose slice is the oldest shall look at a time, or when its slice
 * is old enough to give way, whichever is later. */
static void nudge_oldest(trp_sched *s, uint64_t at_ns) {
  if (!s->preempts || atomic_load_explicit(&s->nudged, memory_order_relaxed)) return;
  trp_worker *oldest = NULL;
  uint64_t since = UINT64_MAX;
  for (unsigned i = 0; i < s->room; i++) {
    uint64_t begun = atomic_load_explicit(&s->workers[i].slice_ns, memory_order_relaxed);
    if (s->workers[i].state == TRP_WORKER_ACTIVE && begun != 0 && begun < since) {
      since = begun;
      oldest = &s->workers[i];
    }
  }
  if (oldest) trp_preempt_nudge(oldest, since, at_ns);
}

void trp_sched_push(troupe_system *sys, troupe_actor *a) {
  trp_sched *s = &sys->sched;
  pthread_mutex_lock(&s->lock);
  append(&s->woken, a);
  pthread_cond_t *whom = sleeper(s);
  if (!whom) nudge_oldest(s, 0);
  pthread_mutex_unlock(&s->lock);
  if (whom) pthread_cond_signal(whom);
}

void trp_sched_requeue(troupe_system *sys, troupe_actor *a) {
  trp_sched *s = &sys->sched;
  uint64_t now = trp_clock_ns(&sys->clock);
  pthread_mutex_lock(&s->lock);
  append(&s->spent, a);
  s->spent_ns = now;
  pthread_mutex_unlock(&s->lock); /* this worker takes the next one, and wakes another if need be */
}

void trp_sched_timer_moved(troupe_system *sys, uint64_t at_ns) {
  trp_sched *s = &sys->sched;
  pthread_mutex_lock(&s->lock);
  bool wake = s->keeper && at_ns < s->keeper_ns;
  if (!s->keeper && s->idle == 0) nudge_oldest(s, at_ns);
  pthread_mutex_unlock(&s->lock);
  if (wake) pthread_cond_signal(&s->keeper_wake);
}

/* ---- the workers --------------------------------------------------------------------------- */

/* Waits for work or, as the keeper of the time, for the next timer. Called and returns with the
 * lock held. While all workers are busy nobody keeps the time: each looks between two slices. */
static void idle(troupe_system *sys) {
  trp_sched *s = &sys->sched;
  if (s->keeper) {
    s->idle++;
    pthread_cond_wait(&s->wake, &s->lock);
    s->idle--;
    return;
  }
  s->keeper = true;
  s->keeper_ns = trp_timers_next(&sys->timers);
  if (s->keeper_ns == UINT64_MAX) {
    pthread_cond_wait(&s->keeper_wake, &s->lock);
  } else {
    struct timespec until = {.tv_sec = (time_t)(s->keeper_ns / TRP_NS_PER_S),
                             .tv_nsec = (long)(s->keeper_ns % TRP_NS_PER_S)};
    pthread_cond_timedwait(&s->keeper_wake, &s->lock, &until);
  }
  s->keeper = false;
  if (s->idle) pthread_cond_signal(&s->wake); /* somebody else keeps the time now */
}

static void *work(void *arg);

/* Gives a place without a thread one. Under the lock. 0 or an errno. */
static int begin(trp_worker *w) {
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, TRP_WORKER_STACK_BYTES);
  pthread_attr_setguardsize(&attr, TRP_GUARD_BYTES);
  pthread_attr_setsigmask_np(&attr, &w->sys->sched.mask);
  w->state = TRP_WORKER_ACTIVE;
  int err = pthread_create(&w->thread, &attr, work, w);
  pthread_attr_destroy(&attr);
  if (err) w->state = TRP_WORKER_NONE;
  return err;
}

static trp_worker_state state_of(trp_sched *s, const trp_worker *w) {
  pthread_mutex_lock(&s->lock);
  trp_worker_state state = w->state;
  pthread_mutex_unlock(&s->lock);
  return state;
}

/* Joins a worker that ends or has ended. Without the lock, which it may need, or be slow to leave.
 * Only the reliever does, and who stops the system, later. */
static void join(trp_sched *s, trp_worker *w) {
  pthread_join(w->thread, NULL);
  pthread_mutex_lock(&s->lock);
  w->state = TRP_WORKER_NONE;
  pthread_mutex_unlock(&s->lock);
}

static trp_worker *find_stuck(trp_sched *s) {
  for (unsigned i = 0; i < s->room; i++)
    if (s->workers[i].state == TRP_WORKER_ACTIVE && trp_preempt_stuck(&s->workers[i]))
      return &s->workers[i];
  return NULL;
}

static trp_worker *find_place(trp_sched *s) {
  for (unsigned i = 0; i < s->room; i++)
    if (s->workers[i].state == TRP_WORKER_NONE) return &s->workers[i];
  return NULL;
}

/* The reliever: sees to it that nobody waits for a worker that is stuck, as long as there are
 * places. */
static void *relieve(void *arg) {
  trp_sched *s = arg;
  bool go_on = true;
  while (go_on) {
    while (sem_wait(&s->relief) != 0) { /* a signal */
    }
    for (unsigned i = 0; i < s->room; i++)
      if (state_of(s, &s->workers[i]) == TRP_WORKER_ENDED) join(s, &s->workers[i]);
    pthread_mutex_lock(&s->lock);
    go_on = !s->stopping;
    trp_worker *stuck = NULL, *place = NULL;
    while (go_on && (stuck = find_stuck(s)) && (place = find_place(s)) && begin(place) == 0) {
      stuck->state = TRP_WORKER_STRAY;
      trp_preempt_stray(stuck);
    }
    pthread_mutex_unlock(&s->lock);
  }
  return NULL;
}

/* Brings the next actor, or NULL when the worker has waited. False: the worker is to end. */
static bool next(trp_worker *w, troupe_actor **out) {
  troupe_system *sys = w->sys;
  trp_sched *s = &sys->sched;
  pthread_cond_t *whom = NULL;
  trp_timers_expire(sys); /* first, as who is due comes before the spent */
  pthread_mutex_lock(&s->lock);
  if (w->state == TRP_WORKER_STRAY) { /* another works in its stead */
    w->state = TRP_WORKER_ENDED;
    if (any_queued(s)) whom = sleeper(s); /* for what it has put there itself */
    sem_post(&s->relief);
  }
  bool go_on = !s->stopping && w->state == TRP_WORKER_ACTIVE;
  troupe_actor *a = go_on ? take(s, &sys->clock) : NULL;
  if (a) {
    trp_preempt_begin(w);
    if (any_queued(s)) whom = sleeper(s); /* a signal may have met nobody */
    if (!whom && s->woken.head) nudge_oldest(s, 0);
  } else if (go_on && trp_timers_next(&sys->timers) > trp_clock_ns(&sys->clock)) {
    trp_preempt_idle(w);
    idle(sys);
  }
  pthread_mutex_unlock(&s->lock);
  if (whom) pthread_cond_signal(whom);
  *out = a;
  return go_on;
}

static void *work(void *arg) {
  trp_worker *w = arg;
  troupe_actor *a;
  char signal_stack[TRP_SIGNAL_STACK_BYTES]; /* above all that can overflow */
  (void)uselocale(w->sys->sched.locale);
  if (w->sys->sched.guards)
    (void)trp_segv_open(&w->segv, &w->frame, signal_stack, sizeof signal_stack);
  (void)trp_preempt_open(w); /* without a timer scripts are only not preempted */
  trp_memory_cache_open(&w->memory, &w->sys->memory);
  w->cpu_seen_ns = trp_preempt_cpu_ns();
  w->short_ns = 0;
  while (next(w, &a)) {
    if (!a) continue;
    trp_actor_run(w, a);
    trp_preempt_end(w);
  }
  trp_memory_cache_close(&w->memory);
  trp_preempt_close(w);
  if (w->sys->sched.guards) trp_segv_close(&w->segv);
  return NULL;
}

/* The reliever blocks all signals: the host's are for its own threads, and for workers. */
static bool begin_reliever(trp_sched *s) {
  pthread_attr_t attr;
  sigset_t all;
  sigfillset(&all);
  pthread_attr_init(&attr);
  pthread_attr_setsigmask_np(&attr, &all);
  bool begun = pthread_create(&s->reliever, &attr, relieve, s) == 0;
  pthread_attr_destroy(&attr);
  return begun;
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
    err = begin(&s->workers[i]);
  pthread_mutex_unlock(&s->lock);
  s->relieves = !err && s->preempts && begin_reliever(s);
  if (err) trp_sched_stop(sys);
  return -err;
}

void trp_sched_stop(troupe_system *sys) {
  trp_sched *s = &sys->sched;
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_mutex_unlock(&s->lock);
  pthread_cond_broadcast(&s->wake);
  pthread_cond_broadcast(&s->keeper_wake);
  sem_post(&s->relief);
  if (s->relieves) pthread_join(s->reliever, NULL); /* nobody begins a worker any more */
  s->relieves = false;
  for (unsigned i = 0; i < s->room; i++)
    if (state_of(s, &s->workers[i]) != TRP_WORKER_NONE) join(s, &s->workers[i]);
  if (s->preempts) trp_preempt_unref();
  s->preempts = false;
  if (s->guards) trp_segv_unref();
  s->guards = false;
}

bool trp_sched_runnable(troupe_system *sys) {
  pthread_mutex_lock(&sys->sched.lock);
  bool any = any_queued(&sys->sched);
  pthread_mutex_unlock(&sys->sched.lock);
  return any;
}

bool trp_sched_step(troupe_system *sys) {
  trp_timers_expire(sys);
  pthread_mutex_lock(&sys->sched.lock);
  troupe_actor *a =
      sys->replay ? take_any(&sys->sched, sys->replay) : take(&sys->sched, &sys->clock);
  pthread_mutex_unlock(&sys->sched.lock);
  if (!a) return false;
  locale_t host = uselocale(sys->sched.locale);
  trp_preempt_begin(&sys->sched.workers[0]);
  trp_actor_run(&sys->sched.workers[0], a);
  trp_preempt_end(&sys->sched.workers[0]);
  (void)uselocale(host);
  return true;
}
