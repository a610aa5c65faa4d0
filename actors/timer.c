#include "actors/timer.h"

#include "actors/base/mem.h"
#include "actors/line.h"
#include "actors/system.h"

/* A timer that is not direct has its tick in the line at most once; while it is there:
 *
 *   STANDS     it will be delivered
 *   VOID       the timer was replaced: the tick is dropped when it comes up, the timer goes on
 *   CANCELLED  so is the timer, which has no deadline any more but still counts */
typedef enum tick_state { NOT_QUEUED, STANDS, VOID, CANCELLED } tick_state;

typedef struct timer {
  trp_item item;
  trp_msg msg; /* in the line unless NOT_QUEUED */
  void *user;
  uint64_t period_ns; /* 0: once */
  uint64_t due_ns;    /* of the next tick */
  uint64_t idle_ns;   /* without a message; 0: it is no idle timer */
  uint64_t begun_ns;  /* of an idle timer: when it was started, without the waits */
  uint64_t missed;
  tick_state tick;
  bool direct;
} timer;

static void timer_dispose(troupe_system *sys, trp_msg *m) {
  trp_free(&sys->allocator, TRP_CONTAINER(m, timer, msg), sizeof(timer));
}

static uint64_t now_ns(const troupe_actor *a) { return trp_clock_ns(&a->sys->clock); }

/* The time without the waits in which idle times stand still. */
static uint64_t awake_ns(const troupe_actor *a) {
  return (a->blocked && a->blocked_ns ? a->blocked_ns : now_ns(a)) - a->waited_ns;
}

void trp_timer_heard(troupe_actor *a) {
  if (a->idle_timers) a->heard_ns = awake_ns(a);
}

void trp_timer_waits(troupe_actor *a, bool blocked) {
  if (!blocked && a->blocked_ns) a->waited_ns += now_ns(a) - a->blocked_ns;
  a->blocked_ns = blocked && a->idle_timers ? now_ns(a) : 0;
}

/* Had one when added: cannot fail. */
static void set_due(troupe_actor *a, timer *t, uint64_t due_ns) {
  t->due_ns = due_ns;
  (void)trp_ledger_set_deadline(&a->ledger, &t->item, due_ns);
}

/* Moves on to the next period that lies ahead: without drift, counting what was passed over. */
static void advance(troupe_actor *a, timer *t) {
  uint64_t now = now_ns(a), due = t->due_ns + t->period_ns;
  if (due <= now) {
    uint64_t passed = (now - due) / t->period_ns + 1;
    t->missed += passed;
    due += passed * t->period_ns;
  }
  set_due(a, t, due);
}

static void count_idle(troupe_actor *a, const timer *t, bool more) {
  if (t->idle_ns) a->idle_timers += more ? 1 : UINT32_MAX;
}

/* The timer is over; its memory is freed, but for one in the line. */
static void timer_settle(troupe_actor *a, trp_item *it) {
  timer *t = TRP_CONTAINER(it, timer, item);
  if (t->tick != CANCELLED) count_idle(a, t, false);
  if (t->tick == NOT_QUEUED) trp_free(&a->sys->allocator, t, sizeof *t);
}

/* The owner ends it: at once, or when its tick has come up. */
static void end_timer(troupe_actor *a, timer *t) {
  if (t->tick == NOT_QUEUED) {
    trp_ledger_remove(&a->ledger, &t->item);
    timer_settle(a, &t->item);
    return;
  }
  count_idle(a, t, false);
  t->tick = CANCELLED;
  trp_ledger_set_wakes(&a->ledger, &t->item, false);
  (void)trp_ledger_set_deadline(&a->ledger, &t->item, 0);
}

static void timer_expire(troupe_actor *a, trp_item *it) {
  timer *t = TRP_CONTAINER(it, timer, item);
  if (t->period_ns) advance(a, t);
  if (t->direct) {
    troupe_event e = {.id = it->id, .user = t->user};
    TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_TIMER, .who = a->pid, .id = it->id);
    if (!t->period_ns) end_timer(a, t);
    trp_actor_resume(a, &e);
  } else if (t->tick == NOT_QUEUED) {
    t->tick = STANDS;
    trp_line_push(a, &t->msg);
  } else if (t->tick == VOID) {
    t->tick = STANDS; /* it is due again before it has come up */
  } else {
    t->missed++;
  }
}

static const trp_item_ops timer_ops = {.name = "timer",
                                       .limit = 1000,
                                       .counts_as = TROUPE_LIMIT_TIMERS,
                                       .index = TRP_ITEM_TIMER,
                                       .expire = timer_expire,
                                       .settle = timer_settle};

/* How much of an idle time is left, as it seems now; 0: nothing, or the timer is no idle one. */
static uint64_t idle_left_ns(const troupe_actor *a, const timer *t) {
  if (!t->idle_ns) return 0;
  uint64_t over = (a->heard_ns > t->begun_ns ? a->heard_ns : t->begun_ns) + t->idle_ns;
  uint64_t awake = awake_ns(a);
  return over > awake ? over - awake : 0;
}

/* Whether messages or waits have put an idle timer off; if so it waits again. */
static bool put_off(troupe_actor *a, timer *t) {
  uint64_t left = idle_left_ns(a, t);
  if (left) set_due(a, t, now_ns(a) + left);
  return left != 0;
}

bool trp_timer_take(troupe_actor *a, trp_msg *m, troupe_message *out) {
  timer *t = TRP_CONTAINER(m, timer, msg);
  tick_state tick = t->tick;
  t->tick = NOT_QUEUED;
  if (tick == CANCELLED) {
    trp_ledger_remove(&a->ledger, &t->item);
    trp_msg_free(a->sys, m);
  }
  if (tick != STANDS || put_off(a, t)) return false;
  *out = (troupe_message){.type = TROUPE_MESSAGE_TIMER,
                          .from = a->pid,
                          .kind = "",
                          .id = t->item.id,
                          .user = t->user,
                          .missed = t->missed};
  t->missed = 0;
  if (!t->period_ns) end_timer(a, t);
  return true;
}

static timer *find(const troupe_actor *a, uint64_t id) {
  trp_item *it = trp_ledger_find(&a->ledger, id);
  timer *t = it && it->ops == &timer_ops ? TRP_CONTAINER(it, timer, item) : NULL;
  return t && t->tick != CANCELLED ? t : NULL;
}

/* Makes the timer what the options say. */
static void set(troupe_actor *a, timer *t, const troupe_timer_opts *o) {
  uint64_t now = now_ns(a);
  t->due_ns = now + o->delay_ms * TRP_NS_PER_MS;
  if (t->due_ns == 0) t->due_ns = 1; /* 0 is no deadline */
  t->period_ns = o->period_ms * TRP_NS_PER_MS;
  t->idle_ns = o->idle ? o->delay_ms * TRP_NS_PER_MS : 0;
  t->missed = 0;
  t->direct = o->direct;
  t->user = o->user;
  count_idle(a, t, true);
  if (!t->idle_ns) return;
  if (a->blocked && !a->blocked_ns) a->blocked_ns = now; /* nobody has asked so far */
  t->begun_ns = awake_ns(a);
}

/* In its place: needs no memory and no room. */
static void replace(troupe_actor *a, timer *t, const troupe_timer_opts *o) {
  count_idle(a, t, false);
  set(a, t, o);
  trp_ledger_set_wakes(&a->ledger, &t->item, o->direct);
  if (t->tick == STANDS) t->tick = VOID;
  trp_ledger_renew(&a->ledger, &t->item, t->due_ns);
}

static int add(troupe_actor *a, const troupe_timer_opts *o, timer **out) {
  timer *t = trp_zalloc(&a->sys->allocator, sizeof *t);
  *out = t;
  if (!t) return TROUPE_E_NO_MEMORY;
  t->msg = (trp_msg){
      .to = a->pid, .type = TRP_MSG_TIMER, .lane = TRP_LANE_LINE, .dispose = timer_dispose};
  t->item.bytes = sizeof *t;
  t->item.wakes = o->direct;
  set(a, t, o);
  int err = trp_ledger_add(&a->ledger, &t->item, &timer_ops, t->due_ns);
  if (err) timer_settle(a, &t->item);
  return err;
}

int troupe_actor_start_timer(troupe_actor *self, const troupe_timer_opts *opts, uint64_t *id) {
  *id = 0;
  if (opts->size != sizeof *opts || opts->delay_ms > TROUPE_TIMER_MS_MAX ||
      opts->period_ms > TROUPE_TIMER_MS_MAX || (opts->idle && (opts->direct || opts->period_ms)))
    return TROUPE_E_INVALID;
  timer *t = find(self, opts->replaces);
  int err = TROUPE_OK;
  if (t)
    replace(self, t, opts);
  else
    err = add(self, opts, &t);
  if (!err) *id = t->item.id;
  return err;
}

int troupe_actor_timer(troupe_actor *self, uint64_t delay_ms, uint64_t period_ms, bool direct,
                       void *user, uint64_t *id) {
  const troupe_timer_opts opts = {.size = sizeof opts,
                                  .delay_ms = delay_ms,
                                  .period_ms = period_ms,
                                  .direct = direct,
                                  .user = user};
  return troupe_actor_start_timer(self, &opts, id);
}

bool troupe_actor_cancel_timer(troupe_actor *self, uint64_t id) {
  timer *t = find(self, id);
  if (t) end_timer(self, t);
  return t != NULL;
}

int64_t troupe_actor_timer_left_ms(const troupe_actor *self, uint64_t id) {
  const timer *t = find(self, id);
  uint64_t now = now_ns(self);
  if (!t) return -1;
  uint64_t due = t->due_ns;
  if (now + idle_left_ns(self, t) > due) due = now + idle_left_ns(self, t);
  if (t->tick == STANDS || due <= now) return 0;
  return (int64_t)((due - now + TRP_NS_PER_MS - 1) / TRP_NS_PER_MS);
}
