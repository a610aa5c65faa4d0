#include "actors/relief.h"

#include <signal.h>

#include "actors/sched.h"
#include "actors/system.h"

void trp_relief_init(trp_relief *r) { sem_init(&r->called, 0, 0); }
void trp_relief_fini(trp_relief *r) { sem_destroy(&r->called); }

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

/* As long as there are places. Under the lock. */
static void relieve(trp_sched *s) {
  trp_worker *stuck, *place;
  while ((stuck = find_stuck(s)) && (place = find_place(s)) && trp_sched_begin(s, place) == 0) {
    stuck->state = TRP_WORKER_STRAY;
    atomic_store_explicit(&stuck->stray, true, memory_order_relaxed);
    trp_sched_hand_over(s, stuck);
    trp_preempt_stray(stuck);
  }
}

static void *thread(void *arg) {
  trp_sched *s = &((troupe_system *)arg)->sched;
  bool go_on = true;
  while (go_on) {
    while (sem_wait(&s->relief.called) != 0) { /* a signal */
    }
    for (unsigned i = 0; i < s->room; i++)
      if (trp_worker_state_of(&s->workers[i]) == TRP_WORKER_ENDED) trp_worker_join(&s->workers[i]);
    pthread_mutex_lock(&s->lock);
    go_on = !trp_sched_stopping(s);
    if (go_on) relieve(s);
    pthread_mutex_unlock(&s->lock);
  }
  return NULL;
}

/* The reliever blocks all signals: the host's are for its own threads, and for workers. */
void trp_relief_open(troupe_system *sys) {
  trp_relief *r = &sys->sched.relief;
  pthread_attr_t attr;
  sigset_t all;
  sigfillset(&all);
  pthread_attr_init(&attr);
  pthread_attr_setsigmask_np(&attr, &all);
  r->open = pthread_create(&r->thread, &attr, thread, sys) == 0;
  pthread_attr_destroy(&attr);
}

void trp_relief_close(troupe_system *sys) {
  trp_relief *r = &sys->sched.relief;
  if (!r->open) return;
  trp_relief_call(r);
  pthread_join(r->thread, NULL);
  r->open = false;
}
