#include "actors/monitor.h"

#include "actors/base/mem.h"
#include "actors/send.h"
#include "actors/system.h"

/* ---- the watcher's side ---------------------------------------------------------------------
 *
 *   ACTIVE --its `down` is delivered--> freed
 *   ACTIVE --cancelled--> RETURNING       the target gives the UNWATCH back --> freed
 *   ACTIVE --cancelled--> CROSSED         the target had ended: its `down` comes --> freed
 *
 * A cancelled monitor counts until nothing of it is on its way any more. So the limit on monitors
 * bounds the messages at the target, and the `down`s in the own mailbox, whatever a loop of
 * monitor and cancel does. */

typedef enum monitor_state { ACTIVE, RETURNING, CROSSED } monitor_state;

typedef struct monitor {
  trp_item item;
  monitor_state state;
  void *user;
  troupe_pid target;
  trp_msg *watch;  /* the target's from the push on: a name for it here, never looked into */
  trp_msg unwatch; /* once sent, this memory is the message's */
} monitor;

static void free_monitor(troupe_system *sys, trp_msg *unwatch) {
  trp_free(&sys->allocator, TRP_CONTAINER(unwatch, monitor, unwatch), sizeof(monitor));
}

/* Tells the target to forget it. False: it has ended, and the `down` is on its way. */
static bool unwatch(troupe_actor *a, monitor *w, bool returns) {
  w->unwatch = (trp_msg){.to = w->target,
                         .from = returns ? a->pid : (troupe_pid){0},
                         .id = w->item.id,
                         .ptr = w->watch,
                         .type = TRP_MSG_UNWATCH,
                         .lane = TRP_LANE_CONTROL,
                         .dispose = free_monitor};
  return trp_send_push(a->sys, &w->unwatch);
}

static void drop(troupe_actor *a, monitor *w) {
  trp_ledger_remove(&a->ledger, &w->item);
  trp_free(&a->sys->allocator, w, sizeof *w);
}

static void monitor_deliver(troupe_actor *a, trp_item *it, trp_msg *m) {
  monitor *w = TRP_CONTAINER(it, monitor, item);
  if (m == &w->unwatch) {
    trp_ledger_remove(&a->ledger, it);
  } else { /* the `down` of a direct one */
    bool active = w->state == ACTIVE;
    troupe_event e = {.id = it->id, .user = w->user, .reason = &m->reason->exit};
    if (active)
      TRP_NOTE(a->sys, NULL, .type = TRP_EVENT_DOWN, .who = a->pid, .with = m->from, .id = it->id,
               .code = (int64_t)m->reason->exit.class_);
    trp_monitor_over(a, it->id);
    if (active) trp_actor_resume(a, &e);
  }
  trp_msg_free(a->sys, m);
}

static void monitor_settle(troupe_actor *a, trp_item *it) {
  monitor *w = TRP_CONTAINER(it, monitor, item);
  bool sent = w->state == RETURNING || (w->state == ACTIVE && unwatch(a, w, false));
  if (!sent) trp_free(&a->sys->allocator, w, sizeof *w);
}

static const trp_item_ops monitor_ops = {.name = "monitor",
                                         .limit = 1000,
                                         .counts_as = TROUPE_LIMIT_MONITORS,
                                         .index = TRP_ITEM_MONITOR,
                                         .deliver = monitor_deliver,
                                         .settle = monitor_settle};

static monitor *find(const troupe_actor *a, uint64_t id) {
  trp_item *it = trp_ledger_find(&a->ledger, id);
  return it && it->ops == &monitor_ops ? TRP_CONTAINER(it, monitor, item) : NULL;
}

bool trp_monitor_active(const troupe_actor *a, uint64_t id) {
  const monitor *w = find(a, id);
  return w && w->state == ACTIVE;
}

void trp_monitor_over(troupe_actor *a, uint64_t id) {
  monitor *w = find(a, id);
  if (w && w->state != RETURNING) drop(a, w);
}

void troupe_actor_demonitor(troupe_actor *self, uint64_t id) {
  monitor *w = find(self, id);
  if (!w || w->state != ACTIVE) return;
  trp_ledger_set_wakes(&self->ledger, &w->item, false); /* before the memory may be the message's */
  w->state = unwatch(self, w, true) ? RETURNING : CROSSED;
}

static int start(troupe_actor *self, troupe_pid target, bool direct, void *user, uint64_t *id) {
  troupe_system *sys = self->sys;
  *id = 0;
  monitor *w = trp_zalloc(&sys->allocator, sizeof *w);
  trp_msg *m = trp_msg_new(sys, TRP_MSG_WATCH, target, self->pid, NULL, 0, NULL, 0);
  if (w && m) w->item.bytes = sizeof *w + (size_t)trp_msg_bytes(m);
  if (w) w->item.wakes = direct;
  int err = w && m ? trp_ledger_add(&self->ledger, &w->item, &monitor_ops, 0) : TROUPE_E_NO_MEMORY;
  if (err) {
    trp_free(&sys->allocator, w, sizeof *w);
    if (m) trp_msg_free(sys, m);
    return err;
  }
  w->target = target;
  w->user = user;
  w->watch = m;
  *id = m->id = w->item.id;
  m->code = direct;
  if (!trp_send_push(sys, m)) trp_monitor_down(sys, m, trp_reason_of(TROUPE_EXIT_NOPROC));
  return TROUPE_OK;
}

int troupe_actor_monitor(troupe_actor *self, troupe_pid target, uint64_t *id) {
  return start(self, target, false, NULL, id);
}

int troupe_actor_monitor_direct(troupe_actor *self, troupe_pid target, void *user, uint64_t *id) {
  return start(self, target, true, user, id);
}

/* ---- the target's side ---------------------------------------------------------------------- */

void trp_monitor_watched(troupe_actor *a, trp_msg *m) {
  if (m->to.id != a->pid.id) {
    trp_monitor_down(a->sys, m, trp_reason_of(TROUPE_EXIT_NOPROC));
    return;
  }
  m->ptr = a->watchers.tail;
  trp_queue_push(&a->watchers, m);
}

static void forget(troupe_actor *a, trp_msg *watch) {
  trp_queue *q = &a->watchers;
  trp_msg *before = watch->ptr, *after = watch->next;
  if (before)
    before->next = after;
  else
    q->head = after;
  if (after)
    after->ptr = before;
  else
    q->tail = before;
  q->len--;
  trp_msg_free(a->sys, watch);
}

void trp_monitor_unwatched(troupe_actor *a, trp_msg *m) {
  troupe_pid watcher = m->from;
  if (m->to.id == a->pid.id) forget(a, m->ptr);
  m->from = m->to;
  m->to = watcher;
  m->type = TRP_MSG_ITEM;
  m->lane = TRP_LANE_RESUME;
  if (watcher.id == 0 || !trp_send_push(a->sys, m)) trp_msg_free(a->sys, m);
}

void trp_monitor_down(troupe_system *sys, trp_msg *m, trp_reason *why) {
  troupe_pid watcher = m->from;
  bool direct = m->code;
  m->from = m->to;
  m->to = watcher;
  m->type = direct ? TRP_MSG_ITEM : TRP_MSG_DOWN;
  m->lane = direct ? TRP_LANE_RESUME : TRP_LANE_LINE;
  m->code = TROUPE_OK;
  m->reason = trp_reason_ref(why);
  trp_send_signal(sys, m);
}
