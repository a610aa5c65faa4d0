#include "actors/throttle.h"

#include "actors/child.h"
#include "actors/system.h"

void trp_throttle_init(trp_throttle *t, uint64_t ms_per_s, trp_throttle *parent) {
  pthread_mutex_init(&t->lock, NULL);
  trp_bucket_init(&t->bucket, ms_per_s);
  t->parent = parent;
}

void trp_throttle_fini(trp_throttle *t) { pthread_mutex_destroy(&t->lock); }

/* ---- slices -------------------------------------------------------------------------------- */

static uint64_t spent_ns(troupe_system *sys) {
  return sys->config.clock ? trp_clock_ns(&sys->clock) : trp_preempt_cpu_ns();
}

void trp_actor_throttle(troupe_actor *a, trp_throttle *t) {
  if (!a->throttle && t) a->spent_mark_ns = spent_ns(a->sys); /* in the middle of a slice */
  a->throttle = t;
}

/* The latest time that any bucket of the chain gives, or 0. */
static uint64_t wait_for(trp_throttle *t, uint64_t now_ns) {
  uint64_t latest = 0;
  for (; t; t = t->parent) {
    pthread_mutex_lock(&t->lock);
    uint64_t at = trp_bucket_wait(&t->bucket, now_ns);
    pthread_mutex_unlock(&t->lock);
    if (at > latest) latest = at;
  }
  return latest;
}

void trp_throttle_begin(troupe_actor *a) {
  if (!a->throttle) return;
  bool was_held = a->held_until_ns != 0;
  bool can_wait = a->phase == TRP_STARTING || a->phase == TRP_RUNNING;
  a->held_until_ns = can_wait ? wait_for(a->throttle, trp_clock_ns(&a->sys->clock)) : 0;
  if (!was_held && a->held_until_ns) trp_count_limit(a->sys, TROUPE_LIMIT_CPU_MS_PER_S);
  a->spent_mark_ns = spent_ns(a->sys);
}

void trp_throttle_charge(troupe_actor *a) {
  if (!a->throttle || trp_throttle_holds(a)) return;
  uint64_t spent = spent_ns(a->sys), now = trp_clock_ns(&a->sys->clock);
  uint64_t used = spent - a->spent_mark_ns;
  a->spent_mark_ns = spent;
  for (trp_throttle *t = a->throttle; t; t = t->parent) {
    pthread_mutex_lock(&t->lock);
    trp_bucket_charge(&t->bucket, used, now);
    pthread_mutex_unlock(&t->lock);
  }
}

/* ---- while it is held ---------------------------------------------------------------------- */

/* News of a child runs the actor's code. */
static bool is_news(const trp_msg *m) {
  return m->type == TRP_MSG_STARTED ||
         (m->type == TRP_MSG_EDGE && (m->code == TRP_EDGE_EXITED || m->code == TRP_EDGE_GONE));
}

void trp_throttle_take_tick(troupe_actor *a) {
  /* relaxed: the owner has put the tick into the lane, or it is not there yet */
  if (!atomic_load_explicit(&a->tick_out, memory_order_relaxed)) return;
  trp_queue all = a->lanes[TRP_LANE_RESUME];
  a->lanes[TRP_LANE_RESUME] = (trp_queue){0};
  for (trp_msg *m; (m = trp_queue_pop(&all));) {
    if (m != &a->tick) {
      trp_queue_push(&a->lanes[TRP_LANE_RESUME], m);
      continue;
    }
    trp_timers_ticked(a);
  }
}

trp_msg *trp_throttle_control(troupe_actor *a) {
  trp_msg *m;
  while ((m = trp_queue_pop(&a->lanes[TRP_LANE_CONTROL])) && is_news(m))
    trp_queue_push(&a->news, m);
  return m;
}

void trp_throttle_catch_up(troupe_actor *a) {
  if (a->news.head) trp_queue_prepend(&a->lanes[TRP_LANE_CONTROL], &a->news);
}

uint64_t trp_throttle_next(const troupe_actor *a) {
  uint64_t next = trp_throttle_holds(a) ? a->held_until_ns : trp_ledger_next(&a->ledger);
  return next && next < a->life_ns ? next : a->life_ns != UINT64_MAX ? a->life_ns : 0;
}
