#include "actors/timer.h"

#include "actors/base/mem.h"
#include "actors/system.h"

typedef struct timer {
  trp_item item;
  trp_msg msg; /* in the line while `queued` */
  void *user;
  uint64_t period_ns; /* 0: once */
  uint64_t due_ns;    /* of the next tick */
  uint64_t missed;
  bool direct;
  bool queued;
  bool dead; /* cancelled while queued: it counts, and is freed, until the message comes up */
} timer;

static void timer_dispose(troupe_system *sys, trp_msg *m) {
  trp_free(&sys->allocator, TRP_CONTAINER(m, timer, msg), sizeof(timer));
}

/* Moves on to the next period that lies ahead: without drift, counting what was passed over. */
static void advance(troupe_actor *a, timer *t) {
  uint64_t now = trp_clock_ns(&a->sys->clock);
  t->due_ns += t->period_ns;
  if (t->due_ns <= now) {
    uint64_t passed = (now - t->due_ns) / t->period_ns + 1;
    t->missed += passed;
    t->due_ns += passed * t->period_ns;
  }
  trp_ledger_set_deadline(&a->ledger, &t->item, t->due_ns); /* had one when added: cannot fail */
}

/* What is queued is freed with its message, when the line is cleared of them. */
static void timer_settle(troupe_actor *a, trp_item *it) {
  timer *t = TRP_CONTAINER(it, timer, item);
  if (!t->queued) trp_free(&a->sys->allocator, t, sizeof *t);
}

static void timer_expire(troupe_actor *a, trp_item *it) {
  timer *t = TRP_CONTAINER(it, timer, item);
  if (t->period_ns) advance(a, t);
  if (t->direct) {
    troupe_event e = {.id = it->id, .user = t->user};
    TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_TIMER, .who = a->pid, .id = it->id);
    if (!t->period_ns) {
      trp_ledger_remove(&a->ledger, it);
      trp_free(&a->sys->allocator, t, sizeof *t);
    }
    trp_actor_resume(a, &e);
  } else if (t->queued) {
    t->missed++;
  } else {
    t->queued = true;
    trp_queue_push(&a->lanes[TRP_LANE_LINE], &t->msg);
  }
}

static const trp_item_ops timer_ops = {.name = "timer",
                                       .limit = 1000,
                                       .counts_as = TROUPE_LIMIT_TIMERS,
                                       .index = TRP_ITEM_TIMER,
                                       .expire = timer_expire,
                                       .settle = timer_settle};

bool trp_timer_take(troupe_actor *a, trp_msg *m, troupe_message *out) {
  timer *t = TRP_CONTAINER(m, timer, msg);
  t->queued = false;
  if (t->dead) {
    trp_ledger_remove(&a->ledger, &t->item);
    trp_msg_free(a->sys, m);
    return false;
  }
  *out = (troupe_message){.type = TROUPE_MESSAGE_TIMER,
                          .from = a->pid,
                          .kind = "",
                          .id = t->item.id,
                          .user = t->user,
                          .missed = t->missed};
  t->missed = 0;
  if (!t->period_ns) {
    trp_ledger_remove(&a->ledger, &t->item);
    trp_msg_free(a->sys, m);
  }
  return true;
}

int troupe_actor_timer(troupe_actor *self, uint64_t delay_ms, uint64_t period_ms, bool direct,
                       void *user, uint64_t *id) {
  const uint64_t most = UINT64_MAX / TRP_NS_PER_MS / 4;
  *id = 0;
  if (delay_ms > most || period_ms > most) return TROUPE_E_INVALID;
  timer *t = trp_zalloc(&self->sys->allocator, sizeof *t);
  if (!t) return TROUPE_E_NO_MEMORY;
  t->due_ns = trp_clock_ns(&self->sys->clock) + delay_ms * TRP_NS_PER_MS;
  t->period_ns = period_ms * TRP_NS_PER_MS;
  t->direct = direct;
  t->user = user;
  t->msg = (trp_msg){
      .to = self->pid, .type = TRP_MSG_TIMER, .lane = TRP_LANE_LINE, .dispose = timer_dispose};
  t->item.bytes = sizeof *t;
  int err = trp_ledger_add(&self->ledger, &t->item, &timer_ops, t->due_ns ? t->due_ns : 1);
  if (err) {
    trp_free(&self->sys->allocator, t, sizeof *t);
    return err;
  }
  *id = t->item.id;
  return TROUPE_OK;
}

bool troupe_actor_cancel_timer(troupe_actor *self, uint64_t id) {
  trp_item *it = trp_ledger_find(&self->ledger, id);
  if (!it || it->ops != &timer_ops) return false;
  timer *t = TRP_CONTAINER(it, timer, item);
  if (t->dead) return false;
  if (t->queued) {
    t->dead = true;
    trp_ledger_set_deadline(&self->ledger, it, 0);
  } else {
    trp_ledger_remove(&self->ledger, it);
    trp_free(&self->sys->allocator, t, sizeof *t);
  }
  return true;
}
